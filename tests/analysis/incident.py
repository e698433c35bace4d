"""The founding incident in other clothes: names, addresses, versions, framings, and ways to hand it over.

One replica logs one time-out, then the kubelet's text cuts its stream; the others log nothing.
"""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

KUBELET = "failed to create fsnotify watcher: too many open files"
BUILDS = {
    "1.6.7": ("go1.13.6", "da7f65b"),
    "1.9.3": ("go1.18.2", "45b0a11"),
    "1.11.1": ("go1.20.7", "ae2bbc2"),
    "1.15.0": ("go1.27.3", "d018e6c"),
}
POD_COLUMNS = ("NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES")
NODE_COLUMNS = ("NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION")
COREFILE = """\
.:53 {
    errors
    health
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       fallthrough in-addr.arpa ip6.arpa
    }
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
"""


@dataclass(frozen=True)
class Replica:
    pod: str
    node: str
    ip: str


@dataclass(frozen=True)
class Incident:
    """Everything that may differ; the first replica is the one that fails."""

    replicas: tuple[Replica, ...]
    masters: tuple[tuple[str, str], ...]
    """Name and InternalIP."""
    workers: tuple[tuple[str, str], ...]
    subnets: tuple[tuple[str, str], tuple[str, str]]
    """Of the masters, of the workers: name and CIDR."""
    upstream: str
    """Address without port."""
    qname: str = "mirror.example.net."
    qtype: str = "AAAA"
    version: str = "1.9.3"
    framing: str = "plain"
    cut: bool = True
    """The kubelet's text ends the first log; files of a node never hold it."""

    @property
    def endpoint(self) -> str:
        return f"[{self.upstream}]:53" if ":" in self.upstream else f"{self.upstream}:53"

    @property
    def failing(self) -> Replica:
        return self.replicas[0]

    # ------------------------------------------------------------------------------------------ texts
    def banner(self) -> list[str]:
        go, commit = BUILDS[self.version]
        old = self.version == "1.6.7"
        kind, digits = ("MD5", 32) if old else ("SHA512", 128)
        hashed = ("4fe1b08c6d7a925e" * 8)[:digits]
        running = f"[INFO] plugin/reload: Running configuration {kind} = {hashed}"
        return [".:53", running, f"CoreDNS-{self.version}", f"linux/amd64, {go}, {commit}"]

    def lines(self, replica: Replica) -> list[str]:
        if replica is not self.failing:
            return self.banner()
        local = f"[{replica.ip}]" if ":" in replica.ip else replica.ip
        failed = f"read udp {local}:42449->{self.endpoint}: i/o timeout"
        return [*self.banner(), f"[ERROR] plugin/errors: 2 {self.qname} {self.qtype}: {failed}"]

    def log(self, replica: Replica) -> str:
        """The log of one replica in its framing; the kubelet writes its text into the answer, unframed."""
        out = ""
        for second, line in enumerate(self.lines(replica)):
            at = f"2026-03-12T02:{0 if second < 4 else 7:02}:{second:02}.123456789Z"
            out += {
                "plain": f"{line}\n",
                "timestamps": f"{at} {line}\n",
                "prefix": f"[pod/{replica.pod}/coredns] {line}\n",
                "cri": f"{at} stdout F {line}\n",
                "docker": json.dumps({"log": line + "\n", "stream": "stdout", "time": at}) + "\n",
            }[self.framing]
        if self.cut and replica is self.failing:
            out += (f"[pod/{replica.pod}/coredns] " if self.framing == "prefix" else "") + KUBELET
        return out

    def pods(self) -> str:
        rows = [list(POD_COLUMNS)]
        rows += [[r.pod, "1/1", "Running", "0", "16d", r.ip, r.node, "<none>", "<none>"] for r in self.replicas]
        return _table(rows)

    def nodes(self) -> str:
        rows = [list(NODE_COLUMNS)]
        for roles, nodes in (("control-plane", self.masters), ("<none>", self.workers)):
            rows += [
                [n, "Ready", roles, "200d", "v1.27.6", ip, "<none>", "Debian 12", "6.1.0-18-amd64"] for n, ip in nodes
            ]
        return _table(rows)

    def files(self) -> dict[str, str]:
        """The evidence folder."""
        found = {"pods.txt": self.pods(), "nodes.txt": self.nodes()}
        found["subnets.yaml"] = "".join(f"{name}: {cidr}\n" for name, cidr in self.subnets)
        found |= {f"{r.node}.resolv.conf": f"nameserver {self.upstream}\n" for r in self.replicas}
        if self.framing == "prefix":
            return {**found, "all-replicas.log": "".join(self.log(r) for r in self.replicas[::-1])}
        return {**found, **{f"{r.pod}.log": self.log(r) for r in self.replicas}}

    def paste(self, prompt: str = "[root@{host} ~]# ", *, lists: bool = False, host: str | None = None) -> str:
        """The same as pasted from a terminal, all typed on one host; with `lists` the lists of pods and nodes, too."""
        host = host or self.masters[0][0]
        here = prompt.format(host=host)
        out = "Seit gestern gehen Namen verloren, mal ja, mal nein.\n\n"
        for replica in self.replicas:
            out += f"{here}kubectl logs {replica.pod} -n kube-system -f\n{self.log(replica)}"
            out += "" if out.endswith(KUBELET) else "^C\n"
        for replica in self.replicas:
            there = prompt.format(host=replica.node)
            out += f"{there}cat /etc/resolv.conf\nnameserver {self.upstream}\n"
        out += f"{here}kubectl describe configmap/coredns -n kube-system\n{_described()}"
        if lists:
            out += f"{here}kubectl get pods -n kube-system -o wide\n{self.pods()}"
            out += f"{here}kubectl get nodes -o wide\n{self.nodes()}"
        return f"{out}{here}\nHat jemand eine Idee?\n"


def _described() -> str:
    head = "Name:         coredns\nNamespace:    kube-system\nLabels:       <none>\nAnnotations:  <none>\n"
    return f"{head}\nData\n====\nCorefile:\n----\n{COREFILE}\n\nBinaryData\n====\n\nEvents:  <none>\n"


def _table(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join("   ".join(x.ljust(w) for x, w in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows)


def write(folder: Path, files: dict[str, str], *, encoding: str = "utf-8", newline: str = "\n") -> Path:
    """Save an evidence folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.replace("\n", newline).encode(encoding))
    return folder


def packed(files: dict[str, str]) -> bytes:
    """The folder as one stream."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            raw = text.encode()
            member = tarfile.TarInfo(f"evidence/{name}")
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
    return out.getvalue()


BASE = Incident(
    replicas=(
        Replica("coredns-6799fbcd5-b7zqd", "oak-cp1", "10.60.140.33"),
        Replica("coredns-6799fbcd5-r4kxm", "oak-w2", "10.60.142.8"),
    ),
    masters=(("oak-cp1", "10.60.4.11"), ("oak-cp2", "10.60.4.12"), ("oak-cp3", "10.60.4.13")),
    workers=(("oak-w1", "10.60.5.31"), ("oak-w2", "10.60.5.32"), ("oak-w3", "10.60.5.33")),
    subnets=(("control", "10.60.4.0/24"), ("compute", "10.60.5.0/24")),
    upstream="10.60.99.7",
)
_FIVE = tuple((f"oak-cp{i}", f"10.60.4.{10 + i}") for i in range(1, 6))
_THIRD = Replica("coredns-6799fbcd5-w9d5t", "oak-w3", "10.60.143.21")
_FOURTH = Replica("coredns-6799fbcd5-hs2vn", "oak-w1", "10.60.141.5")
SIX = Incident(
    replicas=(
        Replica("coredns-5dd5756b68-j8wlp", "elm-a", "fd60:0:0:a::21"),
        Replica("coredns-5dd5756b68-m2ttc", "elm-d", "fd60:0:0:b::42"),
    ),
    masters=(("elm-a", "10.7.1.1"), ("elm-b", "10.7.1.2"), ("elm-c", "10.7.1.3")),
    workers=(("elm-d", "10.7.2.4"), ("elm-e", "10.7.2.5")),
    subnets=(("upper", "10.7.1.0/24"), ("lower", "10.7.2.0/24")),
    upstream="fd60:53::10",
)

VARIANTS = {
    "other-names": BASE,
    "v1.6.7": replace(BASE, version="1.6.7", qname="api.example.org.", qtype="A"),
    "v1.11.1": replace(BASE, version="1.11.1"),
    "v1.15.0": replace(BASE, version="1.15.0"),
    "timestamps": replace(BASE, framing="timestamps", version="1.11.1"),
    "merged": replace(BASE, framing="prefix"),
    "cri": replace(BASE, framing="cri", version="1.15.0", cut=False),
    "docker": replace(BASE, framing="docker", version="1.6.7", cut=False),
    "five-masters": replace(BASE, masters=_FIVE),
    "three-replicas": replace(BASE, replicas=(*BASE.replicas, _THIRD)),
    "four-replicas": replace(BASE, replicas=(*BASE.replicas, _THIRD, _FOURTH)),
    "ipv6": SIX,
    "ipv6-v1.11.1": replace(SIX, version="1.11.1", framing="timestamps"),
}


# ---------------------------------------------------------------------------------------- what people paste beside it
def silent_dig(host: str, server: str, qname: str = "www.example.com.") -> str:
    """A question that nobody answered."""
    return f"""\
[root@{host} ~]# dig +tries=1 +time=3 @{server} {qname}

; <<>> DiG 9.18.24-1-Debian <<>> +tries=1 +time=3 @{server} {qname}
; (1 server found)
;; global options: +cmd
;; no servers could be reached
"""


def answered_dig(host: str, server: str, qname: str = "www.example.com.", status: str = "NOERROR") -> str:
    """A question that was answered."""
    found = int(status == "NOERROR")
    answer = f"\n;; ANSWER SECTION:\n{qname}\t\t60\tIN\tA\t192.0.2.7\n" if found else ""
    return f"""\
[root@{host} ~]# dig +tries=1 +time=3 @{server} {qname}

; <<>> DiG 9.18.24-1-Debian <<>> +tries=1 +time=3 @{server} {qname}
; (1 server found)
;; global options: +cmd
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: {status}, id: 31337
;; flags: qr rd ra; QUERY: 1, ANSWER: {found}, AUTHORITY: {1 - found}, ADDITIONAL: 1

;; QUESTION SECTION:
;{qname}\t\tIN\tA
{answer}
;; Query time: 9 msec
;; SERVER: {server}#53({server})
;; MSG SIZE  rcvd: 77

"""


def mixed(servers: tuple[str, ...]) -> dict[str, str]:
    """Configuration alone: a node's resolv.conf, and a Corefile that forwards to it."""
    listed = "".join(f"nameserver {server}\n" for server in servers)
    return {"Corefile": COREFILE, "node-1.resolv.conf": f"search corp.example\n{listed}"}


# ------------------------------------------------------------------------------------------------------- query logs
_CLUSTER = ("db.stock.svc.cluster.local.", "cart.shop.svc.cluster.local.")
_OUTSIDE = ("files.example.net.", "api.example.org.", "www.example.com.", "login.example.com.")
Event = tuple[float, str]
"""Seconds since the beginning, text."""


def query(client: str, qname: str, rcode: str, flags: str, size: int, seconds: float, number: int) -> str:
    """A line of the query log."""
    head = f'{client}:{30000 + number % 9000} - {number * 7919 % 65536} "A IN {qname} udp 40 false 512"'
    return f"[INFO] {head} {rcode} {flags} {size} {seconds:.9f}s"


def _local(at: float, number: int) -> Event:
    return at, query("10.60.1.9", _CLUSTER[number % 2], "NOERROR", "qr,aa,rd", 110, 0.00012, number)


def _forwarded(at: float, qname: str, number: int, rcode: str = "NOERROR") -> Event:
    return at, query("10.60.1.9", qname, rcode, "qr,rd,ra", 90, 0.011 + number % 7 / 1000, number)


def framed(framing: str, pod: str, events: list[Event]) -> str:
    """Lines of one replica in a framing, in the order of their times."""
    out = ""
    for seconds, text in sorted(events, key=lambda event: event[0]):
        minute, rest = divmod(seconds, 60)
        at = f"2026-03-12T04:{int(minute):02}:{int(rest):02}.{round(rest % 1 * 1e6) % 10**6:06}000Z"
        out += {
            "plain": f"{text}\n",
            "timestamps": f"{at} {text}\n",
            "prefix": f"[pod/{pod}/coredns] {text}\n",
            "cri": f"{at} stdout F {text}\n",
            "docker": json.dumps({"log": text + "\n", "stream": "stdout", "time": at}) + "\n",
        }[framing]
    return out


def _saved(framing: str, by_pod: dict[str, list[Event]]) -> dict[str, str]:
    texts = {pod: framed(framing, pod, events) for pod, events in by_pod.items()}
    if framing == "prefix":
        return {"all-replicas.log": "".join(texts.values())}
    return {f"{pod}.log": text for pod, text in texts.items()}


def busy(*, framing: str = "timestamps", flips: str | None = None) -> dict[str, str]:
    """Two replicas that answer; with `flips` the forward finds one name now, and denies it then."""
    by_pod: dict[str, list[Event]] = {}
    for shift, pod in enumerate(("coredns-5f7d9c8b44-q2x8w", "coredns-5f7d9c8b44-n6vht")):
        events = [_local(5 + 11 * i + shift, i) for i in range(40)]
        events += [_forwarded(9 + 13 * i + shift, _OUTSIDE[i % 4], i) for i in range(32)]
        if flips:
            events += [
                _forwarded(20 + 41 * i + shift, flips, i, "NXDOMAIN" if (i + shift) % 3 else "NOERROR")
                for i in range(10)
            ]
        by_pod[pod] = events
    return _saved(framing, by_pod)


def asleep(incident: Incident, *, asked: bool = False) -> dict[str, str]:
    """Logs with a query log: the first replica's forwarded queries fail; the others serve cluster names only.

    With `asked` the others forward as many and are answered.
    """
    look = {"1.6.7": ("NOERROR", "-", 0), "1.9.3": ("-", "-", 0), "1.15.0": ("SERVFAIL", "qr,rd", 40)}
    by_pod: dict[str, list[Event]] = {}
    for replica in incident.replicas:
        first = replica is incident.failing
        events = [(i / 100, line) for i, line in enumerate(incident.banner())]
        events += [_local(5 + 7 * i, i) for i in range(50)]
        for i in range(16):
            at, name = 40 + 19 * i, _OUTSIDE[i % 4]
            if first:
                events += _failed(at, name, i, incident, look[incident.version])
            elif asked:
                events.append(_forwarded(at, name, i))
        by_pod[replica.pod] = events
    return _saved(incident.framing, by_pod)


def _failed(at: float, qname: str, number: int, incident: Incident, look: tuple[str, str, int]) -> list[Event]:
    rcode, flags, size = look
    error = f"read udp {incident.failing.ip}:{40000 + number}->{incident.endpoint}: i/o timeout"
    return [
        (at, query("10.60.1.9", qname, rcode, flags, size, 6.0021, number)),
        (at + 0.001, f"[ERROR] plugin/errors: 2 {qname} A: {error}"),
    ]
