"""Outputs of diagnostic commands, each as its program prints it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from triage.model.tool import ConntrackStats, DigResult, InterfaceAddress, KernelEvent, Listener, Reach, Route, Setting
from triage.model.tool import UnreadOutput as Unread
from triage.parsing.commands import command_of
from triage.parsing.tools import read_tool

DATA = Path(__file__).parent / "data" / "tools"


def lookups(name: str, command: str | None, **more: str) -> list[tuple[object, ...]]:
    text = (DATA / name).read_text(encoding="utf-8")
    found = read_tool(text, command=command, host="n1", file=name, **more)  # type: ignore[arg-type]
    assert all(isinstance(r, DigResult) for r in found)
    return [
        (r.server, r.qname, r.qtype, r.status, r.failure and r.failure.value, r.answers)
        for r in found
        if isinstance(r, DigResult)
    ]


A = "a.example.org."
LOOKUPS = [
    # file, command, (server, qname, qtype, status, failure, answers) of each look-up
    ("dig-answer.txt", None, [("10.0.0.2:53", A, "A", "NOERROR", None, ("b.example.org.", "10.1.1.1"))]),
    ("dig-nxdomain.txt", "dig @10.0.0.2 a.example.org", [("10.0.0.2:53", A, "A", "NXDOMAIN", None, ())]),
    ("dig-timeout-918.txt", None, [("10.0.0.2:53", A, "AAAA", None, "timeout", ())]),
    ("dig-timeout-916.txt", None, [("10.0.0.2:53", A, "A", None, "timeout", ())]),
    ("dig-refused-tcp.txt", None, [("10.0.0.2:53", A, "A", None, "refused", ())]),
    (
        "dig-three-servers.txt",
        "for s in 10.0.0.2 10.0.0.3 10.0.0.4; do dig @$s a.example.org; done",
        [
            ("10.0.0.2:53", A, "A", "NOERROR", None, ("10.1.1.1",)),
            ("10.0.0.3:53", A, "A", None, "timeout", ()),
            ("10.0.0.4:53", A, "A", "NXDOMAIN", None, ()),
        ],
    ),
    ("dig-truncated.txt", None, [("10.0.0.2:53", A, "TXT", "NOERROR", None, ('"x"',))]),
    (
        "dig-short.txt",
        "dig +short @10.0.0.2 a.example.org",
        [("10.0.0.2:53", A, "A", "NOERROR", None, ("b.example.org.", "10.1.1.1"))],
    ),
    (
        "dig-short-loop.txt",
        'for s in 10.0.0.2 10.0.0.3; do echo "== $s"; dig +short @$s a.example.org; done',
        [
            ("10.0.0.2:53", A, "A", "NOERROR", None, ("10.1.1.1",)),
            ("10.0.0.3:53", A, "A", None, "timeout", ()),
        ],
    ),
    (
        "nslookup-bind.txt",
        "nslookup a.example.org",
        [("10.96.0.10:53", A, "A", "NOERROR", None, ("10.1.1.1", "fd00::1"))],
    ),
    ("nslookup-nxdomain.txt", None, [("10.96.0.10:53", A, "A", "NXDOMAIN", None, ())]),
    ("nslookup-timeout.txt", "nslookup a.example.org 10.0.0.2", [("10.0.0.2:53", A, "A", None, "timeout", ())]),
    ("nslookup-busybox.txt", None, [("10.96.0.10:53", A, "A", "NOERROR", None, ("10.1.1.1",))]),
    ("nslookup-busybox-cannot.txt", None, [("10.96.0.10:53", A, "A", None, "other", ())]),
    ("nslookup-windows.txt", "nslookup a.example.org 10.0.0.2", [("10.0.0.2:53", A, "A", None, "timeout", ())]),
    ("host.txt", "host a.example.org 10.0.0.2", [("10.0.0.2:53", A, "A", "NOERROR", None, ("10.1.1.1", "fd00::1"))]),
    ("host-servfail.txt", "host -t A a.example.org", [(None, A, "A", "SERVFAIL", None, ())]),
    ("getent.txt", "getent ahosts a.example.org", [(None, A, "A", "NOERROR", None, ("10.1.1.1", "fd00::1"))]),
]


@pytest.mark.parametrize(("name", "command", "expected"), LOOKUPS, ids=[row[0] for row in LOOKUPS])
def test_lookups(name: str, command: str | None, expected: list[tuple[object, ...]]) -> None:
    assert lookups(name, command) == expected


def test_every_output_in_the_folder_is_tested() -> None:
    assert {row[0] for row in LOOKUPS} == {path.name for path in DATA.iterdir()}


def test_details_of_dig() -> None:
    def read(name: str) -> DigResult:
        (found,) = read_tool(
            (DATA / name).read_text(encoding="utf-8"), command=None, host="n1", file=name, first_line=50
        )
        assert isinstance(found, DigResult)
        return found

    answer = read("dig-answer.txt")
    assert (answer.time_ms, answer.tcp, answer.host, answer.retries, answer.answered) == (12, False, "n1", 0, True)
    assert (answer.citation.line, "status: NOERROR" in answer.citation.text) == (53, True)
    truncated = read("dig-truncated.txt")
    assert (truncated.truncated, truncated.tcp) == (True, True)
    assert read("dig-timeout-918.txt").retries == 2
    assert read("dig-refused-tcp.txt").tcp is True


MACHINE = [
    # text, command, result without host and citation
    (
        "2: eth0: <UP> mtu 1500\n    inet 10.8.0.11/24 brd 10.8.0.255 scope global eth0",
        None,
        InterfaceAddress,
        {"interface": "eth0", "address": "10.8.0.11/24"},
    ),
    ("eth0@if7   UP   10.8.0.11/24 ", "ip -br a", InterfaceAddress, {"interface": "eth0", "address": "10.8.0.11/24"}),
    (
        "eth0: flags=4163<UP>  mtu 1500\n        inet 10.8.0.11  netmask 255.255.255.0  broadcast 10.8.0.255",
        "ifconfig",
        InterfaceAddress,
        {"interface": "eth0", "address": "10.8.0.11/24"},
    ),
    (
        "1: lo: <LOOPBACK>\n  inet 127.0.0.1/8 scope host lo\n2: e1: <UP>\n  inet6 fd00::2/64 scope global",
        "ip addr",
        InterfaceAddress,
        {"interface": "e1", "address": "fd00::2/64"},
    ),
    (
        "default via 10.8.0.1 dev eth0 proto dhcp src 10.8.0.11 metric 100",
        "ip route",
        Route,
        {"destination": "default", "gateway": "10.8.0.1", "source": "10.8.0.11", "kind": "unicast"},
    ),
    (
        "blackhole 10.9.0.0/16 proto bird",
        "ip route",
        Route,
        {"destination": "10.9.0.0/16", "kind": "blackhole", "interface": None},
    ),
    (
        "10.0.0.2 via 10.8.0.1 dev eth0 src 10.8.0.11 uid 0\n    cache",
        "ip route get 10.0.0.2",
        Route,
        {"destination": "10.0.0.2", "interface": "eth0"},
    ),
    (
        "RTNETLINK answers: Network is unreachable",
        "ip route get 10.0.0.2",
        Route,
        {"destination": "10.0.0.2", "kind": "none"},
    ),
    (
        "fs.inotify.max_user_instances = 128",
        "sysctl fs.inotify.max_user_instances",
        Setting,
        {"name": "fs.inotify.max_user_instances", "value": "128", "number": 128},
    ),
    (
        "128",
        "cat /proc/sys/fs/inotify/max_user_instances",
        Setting,
        {"name": "fs.inotify.max_user_instances", "number": 128},
    ),
    (
        "262144",
        "sudo sysctl -n net.netfilter.nf_conntrack_max",
        Setting,
        {"name": "net.netfilter.nf_conntrack_max", "number": 262144},
    ),
    ("261990", "conntrack -C", Setting, {"name": "net.netfilter.nf_conntrack_count", "number": 261990}),
    (
        "1024",
        "kubectl exec coredns-5f-q2w -- sh -c 'ulimit -n'",
        Setting,
        {"name": "limit.nofile", "number": 1024, "host": None, "pod": "coredns-5f-q2w"},
    ),
    ("open files                      (-n) unlimited", "ulimit -a", Setting, {"name": "limit.nofile", "number": None}),
    ("127", "find /proc/*/fd -lname anon_inode:inotify | wc -l", Setting, {"name": "inotify.instances", "number": 127}),
    (
        "cpu=0   \tfound=9 invalid=2 insert_failed=3 drop=1\ncpu=1 found=1 invalid=0 insert_failed=4 drop=0",
        "conntrack -S",
        ConntrackStats,
        {"counters": {"found": 10, "invalid": 2, "insert_failed": 7, "drop": 1}},
    ),
    (
        "[12345.6] nf_conntrack: nf_conntrack: table full, dropping packet",
        "dmesg",
        KernelEvent,
        {"kind": "conntrack-full", "process": None},
    ),
    (
        "Jun  3 10:11:12 n1 kernel: Memory cgroup out of memory: Killed process 9912 (coredns) total-vm:1kB",
        None,
        KernelEvent,
        {"kind": "oom-kill", "process": "coredns"},
    ),
    (
        'State  Recv-Q Send-Q\nUNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=7,fd=13))',
        "ss -lnup",
        Listener,
        {"proto": "udp", "address": "127.0.0.53", "port": 53, "process": "systemd-resolve"},
    ),
    (
        "udp        0      0 0.0.0.0:53      0.0.0.0:*      812/dnsmasq",
        "netstat -lnup",
        Listener,
        {"proto": "udp", "address": "0.0.0.0", "port": 53, "process": "dnsmasq"},
    ),
    (
        "tcp   LISTEN 0      128      [::]:53      [::]:*",
        "ss -lntup",
        Listener,
        {"proto": "tcp", "address": "::", "port": 53, "process": None},
    ),
    (
        "nc: connect to 10.0.0.2 port 53 (tcp) failed: Connection refused",
        "nc -vz 10.0.0.2 53",
        Reach,
        {"target": "10.0.0.2:53", "failure": "refused"},
    ),
    (
        "Connection to 10.0.0.2 53 port [tcp/domain] succeeded!",
        "nc -vz 10.0.0.2 53",
        Reach,
        {"target": "10.0.0.2:53", "failure": None, "proto": "tcp"},
    ),
    (
        "3 packets transmitted, 0 received, 100% packet loss, time 2044ms",
        "ping -c 3 10.0.0.2",
        Reach,
        {"target": "10.0.0.2", "failure": "timeout", "proto": "icmp"},
    ),
    ("3 packets transmitted, 3 packets received, 0% packet loss", "ping -c 3 10.0.0.2", Reach, {"failure": None}),
    (
        "curl: (28) Connection timed out after 3001 milliseconds",
        "curl -k -m 3 https://10.96.0.1/healthz",
        Reach,
        {"target": "10.96.0.1:443", "failure": "timeout"},
    ),
    (
        "curl: (60) SSL certificate problem: unable to get local issuer certificate",
        "curl https://10.96.0.1:6443/healthz",
        Reach,
        {"target": "10.96.0.1:6443", "failure": "tls"},
    ),
    ("ok", "curl -k https://10.96.0.1/healthz", Reach, {"target": "10.96.0.1:443", "failure": None}),
    (
        "bash: dig: command not found",
        "dig @10.0.0.2 a.example.org",
        Unread,
        {"lines": 1, "notes": {"reason": "not-found"}},
    ),
    ("sysctl: permission denied on key 'x'", "sysctl x", Unread, {"notes": {"reason": "denied"}}),
    ("whatever\nelse", "frobnicate", Unread, {"lines": 2, "command": "frobnicate", "notes": {}}),
]


@pytest.mark.parametrize(
    ("text", "command", "kind", "expected"), MACHINE, ids=[(row[1] or row[0])[:40] for row in MACHINE]
)
def test_what_machines_say(text: str, command: str | None, kind: type, expected: dict[str, object]) -> None:
    (found,) = read_tool(text, command=command, host="n1", file="checks-1.txt")
    assert type(found) is kind
    assert {name: getattr(found, name) for name in expected} == expected
    assert found.host == expected.get("host", "n1")
    assert found.citation.file == "checks-1.txt"


def test_an_empty_output_says_nothing() -> None:
    assert read_tool(" \n\n", command="dig +short a.example", host=None, file="x") == ()


COMMANDS = [
    ("dig @10.0.0.2 a.example +short", ("dig", "@10.0.0.2", "a.example", "+short"), None, None),
    ("sudo -n timeout 5 /usr/bin/dig a.example", ("/usr/bin/dig", "a.example"), None, None),
    ("LC_ALL=C nsenter -t 4711 -n dig a.example", ("dig", "a.example"), None, None),
    (
        "kubectl -n dns exec -it pod/coredns-5f-q2w -c coredns -- nslookup a.example",
        ("nslookup", "a.example"),
        None,
        "coredns-5f-q2w",
    ),
    (
        "kubectl run t --rm -it --image=busybox:1.36 --restart=Never -- nslookup a.example",
        ("nslookup", "a.example"),
        None,
        "t",
    ),
    ("kubectl debug node/kube-a1 -it --image busybox -- chroot /host sysctl x", ("sysctl", "x"), "kube-a1", None),
    ("ssh -o BatchMode=yes core@kube-a1 'cat /etc/resolv.conf'", ("cat", "/etc/resolv.conf"), "kube-a1", None),
    ("ip netns exec blue dig a.example", ("dig", "a.example"), None, None),
    ("docker exec dns dig a.example", ("dig", "a.example"), None, None),
    ("dmesg -T | grep conntrack", ("dmesg", "-T"), None, None),
    ("ip addr; ip route", ("ip", "addr"), None, None),
    ("dig 'a.example", ("dig", "'a.example"), None, None),
    ("", (), None, None),
    (None, (), None, None),
]


@pytest.mark.parametrize(("text", "words", "node", "pod"), COMMANDS)
def test_commands_are_seen_through(text: str | None, words: tuple[str, ...], node: str | None, pod: str | None) -> None:
    found = command_of(text)
    assert (found.words, found.node, found.pod) == (words, node, pod)


def test_a_look_up_in_a_pod_is_not_the_machines() -> None:
    (found,) = read_tool("10.1.1.1", command="kubectl exec shop-1 -- dig +short a.example", host="bastion", file="x")
    assert isinstance(found, DigResult)
    assert (found.host, found.pod) == (None, "shop-1")


def test_any_text_is_read_without_an_exception() -> None:
    chance = random.Random(4)
    pieces = [
        line for path in sorted(DATA.iterdir()) for line in path.read_text(encoding="utf-8").splitlines(keepends=True)
    ]
    pieces += [f"{row[0]}\n" for row in MACHINE]
    commands = [row[1] for row in MACHINE] + [
        "dig +short x",
        "sudo",
        "kubectl exec --",
        "ssh",
        "timeout",
        "bash -c",
        "docker exec",
    ]
    for _ in range(1500):
        text = "".join(chance.choice(pieces)[chance.randrange(3) :] for _ in range(chance.randint(1, 12)))
        read_tool(text, command=chance.choice(commands), host=None, file="x")
