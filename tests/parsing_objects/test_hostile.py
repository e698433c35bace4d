"""Texts that are made to hang a parser: every reader must be done in time that grows with their length only."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from triage.config import read_corefile, read_resolv_conf
from triage.parsing.commands import command_of
from triage.parsing.kubectl_text import read_configmaps, read_events, read_nodes, read_pods
from triage.parsing.scrape import read_scrape
from triage.parsing.tools import read_tool

SIZE = 400_000
MARKS = "<<>> DiG ** server can't find Server: has address cpu=0 table full inet default via UNCONN curl: ( Kill = \n"
TEXTS = {
    piece: piece * (SIZE // len(piece))
    for piece in (
        "a", "a ", " ", "\n", "{ ", '"', '\\"', "#", "(", "-", "a.", "1:", "a=1 ", '{a="b",', "import x\n",
        "Name:  x\n", "x 1/1 Running 4 (", "inet 10.0.0.0/1 ", "; <<>> DiG 9 <<>> @x ", ";; communications error to ",
        "10.0.0.0/1 ",
    )
}  # fmt: skip
READERS: dict[str, Callable[[str], object]] = {
    "pods": lambda text: read_pods(text, file="x"),
    "nodes": lambda text: read_nodes(text, file="x"),
    "events": lambda text: read_events(text, file="x"),
    "configmaps": lambda text: read_configmaps(text, file="x"),
    "scrape": lambda text: read_scrape(text, file="x", replica=None),
    "tools": lambda text: read_tool(MARKS + text, command=None, host=None, file="x"),
    "dig": lambda text: read_tool(text, command="dig x", host=None, file="x"),
    "command": command_of,
    "corefile": lambda text: read_corefile(text, file="x", imports={"x": "import x"}),
    "resolv.conf": lambda text: read_resolv_conf(text, file="x", host=None),
}
SECONDS = 20
"""All texts together take a few seconds; anything quadratic takes minutes."""


@pytest.mark.parametrize("reader", READERS)
def test_no_text_hangs_a_reader(reader: str) -> None:
    start = time.process_time()
    for text in TEXTS.values():
        READERS[reader](text)
    assert time.process_time() - start < SECONDS
