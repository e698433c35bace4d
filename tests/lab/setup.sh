#!/bin/sh
# Everything that the lab needs on a bare Debian 12, but Go and Python: run as root, once.
set -eu
apt-get update -qq
apt-get install -y -qq --no-install-recommends iproute2 iptables nftables util-linux procps
"${PYTHON:-python3}" -m pip install --quiet dnspython cryptography
