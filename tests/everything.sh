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

left_out=
leave_out() { # marker, reason
    left_out="$left_out and not $1"
    echo "left out: $1 ($2)"
    if [ -n "${CI:-}" ]; then
        echo "error: with CI set nothing may be left out" >&2
        exit 1
    fi
}

needs_of_lab() {
    if [ "$(id -u)" != 0 ]; then
        leave_out lab "needs root for network namespaces"
    elif ! command -v go >/dev/null; then
        leave_out lab "needs Go to build CoreDNS"
    elif [ -n "${CI:-}" ]; then
        PYTHON="$bin/python" part lab-setup sh tests/lab/setup.sh
    elif ! command -v ip >/dev/null; then
        leave_out lab "needs iproute2; run sh tests/lab/setup.sh"
    fi
}

if [ "$scope" = lab ]; then
    needs_of_lab
    wanted="${2:-}${2:+${3:+ and }}${3:-}"
    exec "$bin/python" -m pytest -m "lab$left_out" -k "$wanted" tests/lab
fi

part style "$bin/ruff" check .
part format "$bin/ruff" format --check .
part types "$bin/mypy" --strict
part architecture "$bin/lint-imports"
part docstrings "$bin/interrogate" triage
part rules "$bin/triage" rules check

if [ "$scope" = quick ]; then
    exec "$bin/python" -m pytest -q -m "not lab and not cluster and not install"
fi
needs_of_lab
exec "$bin/python" -m pytest -m "${left_out# and }"
