"""Small texts for the tests of sources: our own incident, nobody else's."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

BANNER = (
    ".:53\n[INFO] plugin/reload: Running configuration MD5 = 0c2c8f1a\nCoreDNS-1.9.3\nlinux/amd64, go1.18.2, 45b0a11\n"
)
TIMEOUT = "[ERROR] plugin/errors: 2 api.meadow.example. AAAA: read udp 10.1.0.7:4242->10.9.9.9:53: i/o timeout\n"
KUBELET = "failed to create fsnotify watcher: too many open files"
LOG = BANNER + TIMEOUT
POD_A = "coredns-6d5c8f7b94-2kqzt"
POD_B = "coredns-6d5c8f7b94-x8mld"
RESOLV = "search meadow.example\nnameserver 10.9.9.9\n"
COREFILE = ".:53 {\n    errors\n    forward . /etc/resolv.conf\n    cache 30\n}\n"
PODS = f"""\
NAME                       READY   STATUS    RESTARTS   AGE   IP          NODE     NOMINATED NODE   READINESS GATES
{POD_A}   1/1     Running   0          9d    10.1.0.7    elm-m1   <none>           <none>
{POD_B}   1/1     Running   0          9d    10.1.1.4    elm-n2   <none>           <none>
"""
NODES = """NAME     STATUS   ROLES           AGE   VERSION   INTERNAL-IP   EXTERNAL-IP   OS-IMAGE
elm-m1   Ready    control-plane   90d   v1.27.3   10.0.8.11     <none>        Debian GNU/Linux 12
elm-n2   Ready    <none>          90d   v1.27.3   10.0.9.21     <none>        Debian GNU/Linux 12
"""
EVENTS = """LAST SEEN   TYPE      REASON      OBJECT                         MESSAGE
2m          Warning   Unhealthy   pod/coredns-6d5c8f7b94-2kqzt   Readiness probe failed: HTTP probe failed with 503
"""
CONFIGMAP = """apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns
  namespace: kube-system
data:
  Corefile: |
    .:53 {
        errors
        forward . 10.9.9.9
    }
"""
DESCRIBED = """Name:         coredns
Namespace:    kube-system
Labels:       <none>

Data
====
Corefile:
----
.:53 {
    errors
    forward . 10.9.9.9
}


BinaryData
====

Events:  <none>
"""
SCRAPE = '# TYPE coredns_dns_requests_total counter\ncoredns_dns_requests_total{server="dns://:53",type="A"} 42\n'
DIG = "; <<>> DiG 9.18.24 <<>> @10.9.9.9 b.example\n;; connection timed out; no servers could be reached\n"


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Files below a folder, with the folders they need."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def tar_bytes(files: Mapping[str, str | bytes], mode: str = "w:gz", extra: tuple[tarfile.TarInfo, ...] = ()) -> bytes:
    """A tar archive in memory; `extra` members have no content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            raw = content if isinstance(content, bytes) else content.encode()
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
        for info in extra:
            tar.addfile(info)
    return buffer.getvalue()
