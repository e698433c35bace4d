#!/bin/sh
# What the browser tests need on Debian: Chromium from its packages, the driver and the accessibility engine from npm.
# Run as root, once; the modules go to the folder given, .build/browser by default.
set -eu
to=${1:-.build/browser}
if ! command -v chromium >/dev/null; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends chromium
fi
command -v npm >/dev/null || apt-get install -y -qq --no-install-recommends nodejs npm
mkdir -p "$to"
[ -f "$to/package.json" ] || echo '{"private": true}' >"$to/package.json"
npm install --prefix "$to" --silent --no-audit --no-fund --ignore-scripts playwright-core@1 axe-core@4
