"""An incident full of names and addresses that must not get out."""

from __future__ import annotations

from pathlib import Path

NAMES = ("payroll", "zanzibar", "quokka", "marzipan", "wombat", "tapir", "narwhal")
"""Labels of query names."""
PLACES = ("axolotl", "gk7p2", "okapi", "lemming")
"""Parts of names of nodes, pods and subnets, of the kubectl context."""
ADDRESSES = ("10.77.66.53", "10.77.66.11", "10.77.66.12", "10.188.31.7", "fd77:66:55::53", "66.77.10", "10-188-31-7")
SECRETS = ("S3cr3t", "hunter22")

_LOG = """\
.:53
quokka.example.:53
[INFO] plugin/reload: Running configuration SHA512 = 0a1b
CoreDNS-1.11.1
linux/amd64, go1.20.7, ae2bbc2
{at}:01Z [INFO] 10.188.31.7:40001 - 1 "A IN payroll.zanzibar.example. udp 40 false 512" SERVFAIL qr,rd 40 0.1s
{at}:02Z [ERROR] plugin/errors: 2 payroll.zanzibar.example. A: read udp 10.188.31.7:40001->10.77.66.53:53: i/o timeout
{at}:03Z [ERROR] plugin/errors: 2 payroll.quokka.example. A: read udp 10.188.31.7:4->[fd77:66:55::53]:53: i/o timeout
{at}:04Z [ERROR] plugin/errors: 2 wombat. A: read udp 10.188.31.7:40003->10.77.66.53:53: i/o timeout
{at}:05Z [ERROR] plugin/errors: 2 53.66.77.10.in-addr.arpa. PTR: read udp 10.188.31.7:40004->10.77.66.53:53: i/o timeout
{at}:06Z [ERROR] plugin/errors: 2 10-188-31-7.narwhal.pod.cluster.local. A: dial udp 10.77.66.53:53: i/o timeout
{at}:07Z something about tapir.zanzibar.example and axolotl-m1, fe80::7%okapi, https://robot:hunter22@marzipan.zanzibar.example/x
{at}:08Z [WARNING] plugin/health: Local health request to "http://10.188.31.7:8080/health" took more than 1s
"""
_CLEAN = """\
{at}:01Z [INFO] 10.188.31.9:40001 - 1 "A IN payroll.zanzibar.example. udp 40 false 512" NOERROR qr,rd 40 0.1s
{at}:02Z [INFO] 10.188.31.9:40001 - 1 "A IN marzipan.svc.cluster.local. udp 40 false 512" NXDOMAIN qr,rd 40 0.1s
"""
_FILES = {
    "coredns-6d4b75cb6d-gk7p2.log": _LOG.format(at="2026-03-01T10:00"),
    "coredns-6d4b75cb6d-zz9xx.log": _CLEAN.format(at="2026-03-01T10:00"),
    "pods.txt": """\
NAMESPACE     NAME                       READY   STATUS    RESTARTS   AGE   IP            NODE
kube-system   coredns-6d4b75cb6d-gk7p2   1/1     Running   0          2d    10.188.31.7   axolotl-m1
kube-system   coredns-6d4b75cb6d-zz9xx   1/1     Running   0          2d    10.188.31.9   axolotl-w1.zanzibar.example
kube-system   coredns-6d4b75cb6d-gk7p9   1/1     Running   3          2d    10.188.31.8   axolotl-w2
""",
    "nodes.txt": """\
NAME                          STATUS   ROLES           AGE   VERSION   INTERNAL-IP
axolotl-m1                    Ready    control-plane   9d    v1.29.3   10.77.66.11
axolotl-w1.zanzibar.example   Ready    <none>          9d    v1.29.3   10.77.66.12
axolotl-w2                    Ready    <none>          9d    v1.29.3   10.77.67.13
""",
    "events.txt": """\
LAST SEEN   TYPE      REASON      OBJECT                         MESSAGE
30s         Warning   Unhealthy   pod/coredns-6d4b75cb6d-gk7p2   Readiness probe failed: Get "http://10.188.31.7:8181"
30s         Warning   NodeNotReady   node/axolotl-m1   Node axolotl-m1 is not ready, see tapir.zanzibar.example
""",
    "subnets.yaml": "okapi: 10.77.66.0/28\nlemming: 10.77.67.0/24\n",
    "Corefile": """\
.:53 {
    errors
    log
    kubernetes cluster.local in-addr.arpa ip6.arpa
    forward . 10.77.66.53 [fd77:66:55::53]
    route53 zanzibar.example.:Z1 {
        aws_access_key AKIA S3cr3tS3cr3t
    }
}
quokka.example:53 {
    forward . tls://10.77.66.53 {
        tls_servername marzipan.zanzibar.example
    }
}
wombat:53 {
    forward . 10.77.66.53
}
""",
    "tapir.zanzibar.example/axolotl-m1.resolv.conf": "nameserver 10.77.66.53\nsearch zanzibar.example wombat\n",
    "okapi-notes.md": "We called payroll.zanzibar.example at 10.77.66.53, password=S3cr3t.\n",
}


def plant(folder: Path) -> Path:
    """Write the evidence."""
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder
