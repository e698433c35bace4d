# One command for each thing that people do here; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test quick lab docs calibrate clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile

demo: $(VENV)/.installed ## set up and analyse the founding incident
	@$(BIN)/triage demo

test: $(VENV)/.developer ## everything: style, types, architecture, rules, packaging, docs, unit tests, lab
	@BIN=$(BIN) sh tests/everything.sh

quick: $(VENV)/.developer ## for every commit, at most three minutes: style, types, architecture, rules, unit tests, cases
	@BIN=$(BIN) sh tests/everything.sh quick

lab: $(VENV)/.developer ## real CoreDNS with a fault: make lab FAULT=… PLACE=… (needs root and Go)
	@BIN=$(BIN) sh tests/everything.sh lab '$(FAULT)' '$(PLACE)'

docs: $(VENV)/.developer ## write the generated pages and the approved outputs again; read the diff
	$(BIN)/python -m pytest -q tests/docs tests/render tests/cli --update-golden

calibrate: $(VENV)/.developer ## after numbers of rules have changed: fit rules/calibration.yaml, write docs/calibration.md
	$(BIN)/python -m bench.calibrate --write

clean: ## remove what the other commands made
	rm -rf $(VENV) .build build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@PYTHON=$(PYTHON) sh tests/venv.sh $(VENV)

$(VENV)/.installed: pyproject.toml $(VENV)/bin/python
	@echo 'setting up $(VENV), about a minute' >&2
	@$(BIN)/python -m pip install --quiet --editable .
	@$(BIN)/python -m compileall -q triage
	@touch $@

$(VENV)/.developer: pyproject.toml $(VENV)/bin/python
	@echo 'setting up $(VENV) with the tools of developers, about a minute' >&2
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@$(BIN)/python -m compileall -q triage
	@touch $@ $(VENV)/.installed
