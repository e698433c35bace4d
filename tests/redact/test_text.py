"""What is replaced in a text and what stays, line by line."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from triage.errors import TriageError
from triage.redact import Pseudonyms, Redactor, read_pseudonyms
from triage.redact.pseudonyms import is_pseudonym

KEY = b"key"
LABEL = st.from_regex(r"[a-z0-9_]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
NAME = st.lists(LABEL, min_size=1, max_size=6).map(lambda labels: ".".join(labels) + ".")
ENTITIES = {"k8s-pre-m01": "nodes", "ip-10-0-1-5.ec2.internal": "nodes", "coredns-7f8ff9c97-6tlln": "pods"}


def redact(text: str, mode: str) -> str:
    return Redactor(mode, Pseudonyms(KEY), ENTITIES).text(text)


STAYS = [
    "[INFO] plugin/reload: Running configuration MD5 = 38fed7107cee058098ca06304c1beb90",
    "linux/amd64, go1.20.7, ae2bbc2",
    "CoreDNS-1.11.1",
    "E0305 10:00:00.123456       1 reflector.go:150] pkg/mod/k8s.io/client-go@v0.27.4/tools/cache/reflector.go:231: x",
    "failed to list *v1.EndpointSlice: endpointslices.discovery.k8s.io is forbidden",
    "2026-03-01T10:22:33.123456789Z stdout F 2026/03/01 10:22:33",
    "fs.inotify.max_user_instances = 128; net.netfilter.nf_conntrack_max = 262144",
    "nameserver 127.0.0.53 in /etc/resolv.conf or /run/systemd/resolve/resolv.conf",
    "5.14.0-362.8.1.el9_3.x86_64 v1.28.4-eks-8cb36c9 containerd://1.6.14",
    'HINFO 7778252015801341736.3866254065006489622. "HINFO IN 7778252015801341736.3866254065006489622. udp 57"',
    "kubectl get pods -o jsonpath='{.items[*].spec.nodeName}' --field-selector spec.nodeName=x",
    "node-role.kubernetes.io/control-plane= topology.kubernetes.io/zone=a projectcalico.org/IPv4Address",
    "dial tcp: i/o timeout (Client.Timeout exceeded while awaiting headers)",
    "etc. and so on, e.g. this one. Or that.",
    "invalid bearer token, service account token has expired",
    "runtime.throw(0x1c21d4a, 0x15)",
    "a :: b ::1 00:00:5e:00:53:af 10:00",
    "",
]


@pytest.mark.parametrize("mode", ["none", "names", "full"])
@pytest.mark.parametrize("text", STAYS)
def test_what_is_no_name_stays(text: str, mode: str) -> None:
    assert redact(text, mode) == text


GOES = [
    ('"A IN db.prod.svc.cluster.local. udp 41"', r'"A IN \S+\.\S+\.svc\.cluster\.local\. udp 41"', "db prod"),
    ("plugin/errors: 2 payroll. A: x", r"plugin/errors: 2 x\w{9}\. A: x", "payroll"),
    ('"AAAA IN payroll. udp 30"', r'"AAAA IN x\w{9}\. udp 30"', "payroll"),
    ("lookup payroll on 10.96.0.10:53: no such host", r"lookup x\w{9} on .*", "payroll"),
    (
        "search payroll.corp.acme.example",
        r"search \w+\.corp\.\w+\.example|search \w+\.\w+\.\w+\.example",
        "payroll acme",
    ),
    ("4.3.2.10.in-addr.arpa. PTR", r"\d+\.\d+\.\d+\.10\.in-addr\.arpa\. PTR", "4.3.2.10"),
    ("8.b.d.0.1.0.0.2.ip6.arpa.", r"([0-9a-f]\.){8}ip6\.arpa\.", ""),
    ("10-1-2-3.shop.pod.cluster.local.", r"10-\d+-\d+-\d+\.x\w+\.pod\.cluster\.local\.", "10-1-2-3 shop"),
    (r"\195\188ber.acme.example.", r"\S+\.\S+\.example\.", "ber acme"),
    ("*.acme.example", r"\*\.\w+\.example", "acme"),
    ("x509: certificate is valid for dns.acme.example, not", r"x509: .* x\w{9}\.x\w{9}\.example, not", "acme"),
    ("db.prod.svc.cluster.local.acme.example.", r"x\w+\.x\w+\.svc\.cluster\.local\.x\w+\.example\.", "acme prod"),
    ("_ldap._tcp.acme.example.", r"_x\w+\._tcp\.x\w+\.example\.", "ldap acme"),
    ("hostmaster@acme.example", r"x\w{9}@x\w{9}\.example", "hostmaster acme"),
    ('{"log":"payroll.acme.example.\\n","x":1}', r'\{"log":"x\w+\.x\w+\.example\.\\n","x":1\}', "payroll acme"),
    ("\x1b[31mpayroll.acme.example\x1b[0m", r"\x1b\[31mx\w+\.x\w+\.example\x1b\[0m", "payroll acme"),
    ("PAYROLL.Acme.Example.", r"x\w+\.x\w+\.example\.", "PAYROLL Acme"),
]


@pytest.mark.parametrize("mode", ["names", "full"])
@pytest.mark.parametrize(("text", "becomes", "gone"), GOES)
def test_names_go(text: str, becomes: str, gone: str, mode: str) -> None:
    found = redact(text, mode)
    assert re.fullmatch(becomes, found)
    assert not [word for word in gone.split() if word in found]


FULL = [
    (
        "read udp 10.244.0.5:33412->10.1.1.1:53: i/o timeout",
        r"read udp 10\.[\d.]+:33412->10\.[\d.]+:53: .*",
    ),
    ("10.244.0.5", r"10\.\d+\.\d+\.\d+"),
    ("10.196.8.0/24 10.196.8.12/24", r"10\.\d+\.\d+\.0/24 10\.\d+\.\d+\.\d+/24"),
    ("[fd12:3456:789a::5]:53", r"\[fd[0-9a-f:]+\]:53"),
    ("[fe80::2%k8s-pre-m01]:53 fe80::1%k8s-pre.7/64", r"\[fe80::2%\w{10}\]:53 fe80::1%\w{10}/64"),
    ("addr10.244.0.5 node:10.244.0.5;", r"addr10\.\S+ node:10\.\S+;"),
    ("on k8s-pre-m01: kubelet", r"on x\w{9}: kubelet"),
    (
        "/var/log/pods/kube-system_coredns-7f8ff9c97-6tlln_0a1b/coredns/0.log",
        r"/var/log/pods/kube-system_coredns-.*/0\.log",
    ),
    ("coredns-7f8ff9c97-6tlln.log", r"coredns-\w{9}-\w{5}\.log"),
    ("pod/payroll-6d4b75cb6d-7xq2n evicted", r"pod/x\w{9}-\w{10}-\w{5} evicted"),
    ("kube-apiserver-k8s-pre-m01", r"kube-apiserver-x\w{9}"),
    ("ip-10-0-1-5.ec2.internal", r"ip-10-\d+-\d+-\d+\.x\w+\.internal"),
    ("checks-k8s-pre-m01-20261125T191855Z.txt", r"checks-x\w{9}-20261125T191855Z\.txt"),
]


@pytest.mark.parametrize(("text", "becomes"), FULL)
def test_mode_full_replaces_addresses_and_places_too(text: str, becomes: str) -> None:
    found = redact(text, "full")
    assert re.fullmatch(becomes, found)
    assert not set(re.findall(r"244\.0\.5|196\.8|k8s-pre|6tlln|payroll|789a|10-0-1-5", found))
    assert redact(text, "names") == text


@given(NAME)
def test_names_keep_depth_and_a_pseudonym_is_itself(name: str) -> None:
    p = Pseudonyms(KEY)
    once = p.name(name)
    assert once.count(".") == name.count(".")
    if not re.search(r"arpa|\d+-\d+-\d+|-.*-.*-", name):
        assert Pseudonyms(b"another").name(once) == once
    assert Pseudonyms(KEY).name(name) == once


@given(NAME, NAME)
def test_a_common_suffix_stays_one(a: str, b: str) -> None:
    p = Pseudonyms(KEY)
    suffix = "corp.acme-bank.example."
    one, two = p.name(f"{a}{suffix}"), p.name(f"{b}{suffix}")
    assert one.split(".")[-4:] == two.split(".")[-4:] == p.name(suffix).split(".")


@given(st.text(max_size=200))
def test_any_text_can_be_redacted(text: str) -> None:
    for mode in ("names", "full"):
        found = redact(text, mode)
        assert found.count("\n") == text.count("\n")
    assert redact(redact(text, "names"), "names") == redact(text, "names") or "arpa" in text.lower() or "-" in text


@pytest.mark.parametrize(
    "text",
    ["a-" * 50_000, "eyJ" * 50_000, "a." * 50_000, "\n " * 50_000, "token" * 20_000, "1:" * 50_000, "\\195" * 50_000],
)
def test_long_repetitions_take_no_time_to_speak_of(text: str) -> None:
    """Quadratic patterns would take minutes here: the test run itself is the clock."""
    assert redact(f"password=x1 {text}", "full").startswith("password=REDACTED ")


SECRETS = [
    "Authorization: Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IkF.eyJpc3MiOiJrdWJlcm5ldGVzL3Nl.c2lnbmF0dXJl",
    "Authorization: Bearer S3cr3t-V4lue-0123",
    'authorization: "Basic UzNjcjN0OlY0bHVl"',
    "https://robot:S3cr3t@registry.example/v2/",
    "password=S3cr3t-V4lue",
    'DB_PASSWORD: "S3cr3t-V4lue"',
    "aws_secret_access_key = S3cr3tV4lue0123/abc",
    "    aws_access_key S3cr3tKEY0123456 V4lueV4lue01234",
    "client-key-data: LS0tLS1CRUdJTiBSU0EgUzNjcjN0",
    "token: S3cr3tV4lue0123",
    "xoxb-123456789012-S3cr3tV4lue",
    "glpat-S3cr3tV4lue0123456789",
    "https://hooks.slack.com/services/T000/B000/S3cr3tV4lue",
    "-----BEGIN RSA PRIVATE KEY-----\nS3cr3tV4lue\nline\n-----END RSA PRIVATE KEY-----",
    "        secret key1.acme.example. S3cr3tV4lue0123==",
    "        credentials root S3cr3tV4lue",
    '{"api_key":"S3cr3tV4lue0"}',
    "kubeadm join --token S3cr3t.abcdef0123456789".replace("S3cr3t", "abcdef"),
]


@pytest.mark.parametrize("mode", ["none", "names", "full"])
@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_always_hidden(text: str, mode: str) -> None:
    found = redact(f"before\n{text}\nafter", mode)
    assert not re.search(r"S3cr3t|V4lue|UzNjcjN0|abcdef0123456789|eyJhbG", found)
    assert "REDACTED" in found
    assert found.startswith("before\n")
    assert found.endswith("\nafter")
    assert redact(found, mode) == found


def test_counts_are_of_distinct_things_by_kind() -> None:
    r = Redactor("full", Pseudonyms(KEY), ENTITIES)
    r.text("a.acme.example. b.acme.example. a.acme.example. 10.0.0.1 10.0.0.1:53 10.0.0.2 k8s-pre-m01 password=x")
    assert r.counts == {"addresses": 2, "names": 2, "nodes": 1, "secrets": 1}


def test_the_map_undoes_and_gives_the_same_names_again() -> None:
    first = Pseudonyms()
    found = Redactor("full", first).text("db.acme.example 10.1.2.3")
    again = read_pseudonyms(first.dump(), file="map")
    assert Redactor("full", again).text("db.acme.example 10.1.2.3") == found
    name, address = found.split(" ")
    assert [again.originals.get(label) for label in name.split(".")] == ["db", "acme", None]
    assert again.originals[address] == "10.1.2.3"
    assert Redactor("full", Pseudonyms()).text("db.acme.example") != name


FORM = '"form": "triage.redaction/1"'
BROKEN = ["", "[]", "{}", '{"form": 1}', "[" * 100_000, f"{{{FORM}}}"]
BROKEN += [
    f'{{{FORM}, "key": "{key}", "originals": {held}}}' for key, held in (("zz", "{}"), ("", "{}"), ("00", "[1]"))
]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_map_is_told(text: str) -> None:
    with pytest.raises(TriageError, match="no map of a redaction"):
        read_pseudonyms(text, file="m.json")


def strings(value: object):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


TEXTS = [path for path in (ROOT / "rules").glob("*/*.yaml") if path.parent.name not in {"messages", "phrases"}]


@pytest.mark.parametrize("path", sorted(TEXTS), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_our_own_sentences_stay(path) -> None:
    found = {text for text in strings(yaml.safe_load(path.read_text())) if redact(text, "full") != text}
    assert found == set()


def test_pseudonyms_are_told_from_names() -> None:
    made = [Pseudonyms(bytes([i])).label(f"n{i}") for i in range(50)]
    assert all(map(is_pseudonym, made))
    assert not any(map(is_pseudonym, ["x", "xylophonist", "xaaaaaaaaa", *(m[:-1] + "1" for m in made)]))
