#!/bin/sh
# Make a virtual environment: tests/venv.sh FOLDER. Debian keeps the module for it in a package of its own.
set -eu
python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "error: $python is older than Python 3.11; name another one: make PYTHON=python3.12 …" >&2
    exit 2
fi
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ -n "${CI:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    else
        echo "error: $python cannot make virtual environments; install it: apt-get install python3-venv" >&2
        exit 2
    fi
fi
"$python" -m venv "$1"
