#!/bin/sh
# Run the checks of the project, part by part, with the minutes of each: everything.sh [quick|lab [FAULT [PLACE]]].
#
# What this machine cannot run is left out and named; with CI set that is an error, and system packages are installed.
# The test runner comes last, so that its count is the last line.
set -eu
bin=${BIN:?set BIN to the bin folder of the virtual environment}
scope=${1:-everything}

part() {
    name=$1
    shift
    began=$(date +%s)
    echo "== $name"
    "$@" || { echo "== $name failed" >&2; exit 1; }
    echo "$name $(($(date +%s) - began))" | awk '{printf "== %s: %.1f min\n", $1, $NF / 60}'
}

lab() { # FAULT PLACE
    if [ -z "$1" ]; then
        "$bin/python" -m tests.lab --list
        echo 'choose one: make lab FAULT=… [PLACE=…]'
        exit 2
    fi
    out=.build/lab/$1${2:+-$2}
    rm -rf "$out"
    "$bin/python" -m tests.lab --fault "$1" ${2:+--place "$2"} --out "$out"
    exec "$bin/triage" analyze "$out"
}

[ "$scope" != lab ] || lab "${2:-}" "${3:-}"
part style "$bin/ruff" check .
part format "$bin/ruff" format --check .
part types "$bin/mypy" --strict
part architecture "$bin/lint-imports"
part docstrings "$bin/interrogate" triage
part rules "$bin/triage" rules check
part cases "$bin/triage" rules test
if [ "$scope" = quick ]; then
    exec "$bin/python" -m pytest -q --quick -n auto --maxprocesses 4 --dist loadfile
fi
[ -z "${CI:-}" ] || part script-setup sh tests/cli/setup.sh
[ -z "${CI:-}" ] || PYTHON="$bin/python" part lab-setup sh tests/lab/setup.sh
[ -z "${CI:-}" ] || PYTHON="$bin/python" part cluster-setup sh tests/cluster/setup.sh
[ -z "${CI:-}" ] || part browser-setup sh tests/browser/setup.sh
exec "$bin/python" -m pytest
