#!/bin/sh
# Build the kubectl plugin for krew: sh deploy/krew/build.sh FOLDER [URI]
#
# FOLDER gets coredns-triage-<version>-<os>-<arch>.tar.gz with one executable file and the licence, and the manifest
# coredns-triage.yaml with its checksum. URI is where the archive will be published (default: the release on GitHub).
# Libraries in C are inside, so that the archive is for this system; Python 3.11 or newer has to be there.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet shiv
mkdir "$work/plugin"
"$work/venv/bin/shiv" --quiet --reproducible --compressed --console-script triage \
  --output-file "$work/plugin/kubectl-coredns_triage" "$root"
cp "$root/LICENSE" "$work/plugin/LICENSE"

version=$("$work/plugin/kubectl-coredns_triage" --version | sed 's/^coredns-triage //')
os=$(uname -s | tr '[:upper:]' '[:lower:]')
case $(uname -m) in x86_64) arch=amd64 ;; aarch64 | arm64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
archive=coredns-triage-$version-$os-$arch.tar.gz
tar -C "$work/plugin" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -czf "$out/$archive" LICENSE kubectl-coredns_triage
sum=$(sha256sum "$out/$archive" | cut -d' ' -f1)
uri=${2:-https://github.com/coredns-triage/coredns-triage/releases/download/v$version/$archive}
sed -e "s|@VERSION@|v$version|" -e "s|@OS@|$os|" -e "s|@ARCH@|$arch|" -e "s|@URI@|$uri|" -e "s|@SHA256@|$sum|" \
  "$root/deploy/krew/coredns-triage.yaml" >"$out/coredns-triage.yaml"
echo "$out/$archive"
