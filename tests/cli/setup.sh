#!/bin/sh
# What a node has in the field, for the scripts that are printed, and what reads them: run as root on Debian, once.
set -eu
apt-get update -qq
apt-get install -y -qq --no-install-recommends bind9-dnsutils busybox shellcheck
