#!/bin/sh
# What the cluster of the tests needs beside the lab's tools (tests/lab/setup.sh): run as root, once. Without a Python it
# only installs system packages; with PYTHON set it builds the programs, too.
set -eu
apt-get update -qq
apt-get install -y -qq --no-install-recommends containerd runc containernetworking-plugins
[ -z "${PYTHON:-}" ] || "$PYTHON" -m tests.cluster build
