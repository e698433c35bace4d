"""Heads of lines, third parties, banners, crashes: everything but failed queries and the Kubernetes API."""

from __future__ import annotations

import pytest

from triage.model.observation import FailureKind
from triage.parsing.recognise import Recogniser


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("[WARNING] plugin/health: Going into lameduck mode for 5s", "WARNING"),
        ("[WARN] plugin/health: Going into lameduck mode for 5s", "WARNING"),
        ("WARNING] plugin/health: Going into lameduck mode for 5s", "WARNING"),
        ("[WARNING plugin/health: Going into lameduck mode for 5s", "WARNING"),
        ("2018/05/06 07:08:09 [INFO] plugin/health: Going into lameduck mode for 5s", "INFO"),
        ("2020/05/06 07:08:09 2020-05-06T07:08:09.5Z [INFO] plugin/health: Going into lameduck mode for 5s", "INFO"),
        ("plugin/health: Going into lameduck mode for 5s", None),
        ("[INFO] Going into lameduck mode for 5s", "INFO"),
    ],
)
def test_heads(recognise: Recogniser, text: str, level: str | None) -> None:
    found = recognise(text)
    assert (found.message_id, found.level, found.plugin) == ("health.lameduck", level, "health")
    assert found.fields["duration"] == "5s"


def test_a_level_inside_the_text_of_a_library_wins(recognise: Recogniser) -> None:
    found = recognise("[INFO] [ERROR] Restart failed: /etc/coredns/Corefile:3 - Error during parsing: Unexpected EOF")
    assert (found.message_id, found.level, found.label) == ("caddy.restart-failed", "ERROR", "corefile-invalid")


def test_third_party_plugins_by_the_same_scheme(recognise: Recogniser) -> None:
    found = recognise("[ERROR] plugin/k8s_event: cannot send: no wind")
    assert (found.message_id, found.plugin, found.level) == ("plugin.other", "k8s_event", "ERROR")
    assert (found.label, found.understood) == ("unknown", True)


@pytest.mark.parametrize("text", ["", " ", "hello", "[INFO] something odd", "$ kubectl get pods", "x" * 9000, "\0\0"])
def test_what_nobody_says_is_unknown(recognise: Recogniser, text: str) -> None:
    assert not recognise(text).understood


@pytest.mark.parametrize(
    ("text", "zone", "port"),
    [
        (".:53", ".", "53"),
        ("corp.example.:1053", "corp.example.", "1053"),
        ("tls://.:853", ".", "853"),
        ("https3://corp.example.:443", "corp.example.", "443"),
        ("10.in-addr.arpa.:53 on 192.0.2.7", "10.in-addr.arpa.", "53"),
    ],
)
def test_listeners_of_the_banner(recognise: Recogniser, text: str, zone: str, port: str) -> None:
    found = recognise(text)
    assert (found.message_id, found.label) == ("core.listener", "startup")
    assert found.fields == {"zone": zone, "port": port}


def test_version_and_hash(recognise: Recogniser) -> None:
    assert recognise("CoreDNS-1.9.4").fields == {"version": "1.9.4"}
    assert recognise("2019-07-01T10:00:00.123Z [INFO] CoreDNS-1.5.2").fields == {"version": "1.5.2"}
    old = recognise("[INFO] plugin/reload: Running configuration MD5 = 0123456789abcdef0123456789abcdef")
    assert old.fields == {
        "hash": "0123456789abcdef0123456789abcdef",
        "version_min": "1.0.6",
        "version_max": "1.9.0",
    }
    new = recognise("[INFO] plugin/reload: Running configuration SHA512 = 0123abcd")
    assert (new.message_id, new.fields["version_min"]) == ("reload.running", "1.9.1")
    assert "version_max" not in new.fields


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ('[INFO] plugin/ready: Still waiting on: "kubernetes"', ("1.5.0", "1.12.1")),
        ('[INFO] plugin/ready: Plugins not ready: "kubernetes"', ("1.12.2", None)),
        ("maxprocs: Leaving GOMAXPROCS=4: CPU quota undefined", ("1.12.0", None)),
        ('[FATAL] plugin/loop: Seen "HINFO IN 11.22." more than twice, loop detected', ("1.2.1", "1.2.2")),
        ("[ERROR] plugin/errors: 3 errors like 'x' occured in last 30s", ("1.2.6", "1.3.1")),
        ("[INFO] plugin/errors: 3 errors like 'x' occurred in last 30s", ("1.8.5", None)),
        ("[ERROR] plugin/kubernetes: Failed to watch", ("1.12.4", "1.13.1")),
        ("[ERROR] plugin/kubernetes: Unhandled Error", ("1.11.4", "1.12.3")),
    ],
)
def test_wording_bounds_the_version(recognise: Recogniser, text: str, bounds: tuple[str, str | None]) -> None:
    fields = recognise(text).fields
    assert (fields.get("version_min"), fields.get("version_max")) == bounds


LOOPS = [
    (
        '[FATAL] plugin/loop: Loop (127.0.0.1:40551 -> :53) detected for zone "corp.example.", see https://coredns.io/'
        'plugins/loop#troubleshooting. Query: "HINFO 612735109481.228190654331.corp.example."',
        "corp.example.",
    ),
    (
        '[FATAL] plugin/loop: Forwarding loop detected in "." zone. Exiting. See https://coredns.io/plugins/loop'
        '#troubleshooting. Probe query: "HINFO 612735109481.228190654331.".',
        ".",
    ),
    ('[FATAL] plugin/loop: Seen "HINFO IN 612735109481.228190654331." more than twice, loop detected', None),
    ('[FATAL] plugin/loop: Loop (127.0.0.1:40551 -> :53) detected for zone ".", see https://coredns.io/pl', "."),
]


@pytest.mark.parametrize(("text", "zone"), LOOPS)
def test_loop_in_three_eras(recognise: Recogniser, text: str, zone: str | None) -> None:
    found = recognise(text)
    assert (found.message_id, found.label, found.level) == ("loop.detected", "forward-loop", "FATAL")
    assert found.fields.get("zone") == zone


def test_loop_names_both_ends(recognise: Recogniser) -> None:
    fields = recognise(LOOPS[0][0]).fields
    assert (fields["sender"], fields["listener"]) == ("127.0.0.1:40551", ":53")
    assert fields["probe_name"] == "612735109481.228190654331.corp.example."


@pytest.mark.parametrize(
    ("text", "inner", "label"),
    [
        (
            "/etc/coredns/Corefile:4 - Error during parsing: Unknown directive 'forwards'",
            "corefile.unknown-directive",
            "",
        ),
        ("plugin/forward: this plugin can only be used once per Server Block", "corefile.once-per-block", ""),
        ("listen tcp :8080: bind: address already in use", "listen.in-use", "listen-failed"),
        ("plugin/cache: cache TTL can not be zero or negative: -1", "cache.setting-refused", ""),
        ("getting file listener: dup: too many open files", "listen.handover-failed", "fd-exhausted"),
    ],
)
def test_start_up_errors_alone_and_in_their_wrappers(recognise: Recogniser, text: str, inner: str, label: str) -> None:
    label = label or "corefile-invalid"
    alone = recognise(text)
    assert (alone.message_id, alone.label, alone.level) == (inner, label, None)
    for wrapper, message in (
        ("[ERROR] Restart failed: ", "caddy.restart-failed"),
        (
            "[ERROR] plugin/reload: Corefile changed but reload failed: starting with listener file descriptors: ",
            "reload.failed",
        ),
    ):
        wrapped = recognise(wrapper + text)
        assert (wrapped.message_id, wrapped.fields["inner"], wrapped.label) == (message, inner, label)


def test_place_in_the_corefile_is_kept(recognise: Recogniser) -> None:
    found = recognise(
        "plugin/forward: /etc/coredns/Corefile:12 - Error during parsing: unknown property 'max_failures'"
    )
    assert (found.message_id, found.plugin) == ("corefile.unknown-property", "forward")
    assert found.fields == {"property": "max_failures", "file": "/etc/coredns/Corefile", "line": "12"}


def test_an_unknown_complaint_about_the_corefile_is_still_one(recognise: Recogniser) -> None:
    found = recognise("plugin/fanout: Corefile:3 - Error during parsing: too windy")
    assert (found.message_id, found.plugin, found.label) == ("corefile.parse-error", "fanout", "corefile-invalid")
    assert (found.fields["line"], found.fields["reason"]) == ("3", "too windy")


PANIC = [
    ("panic: runtime error: index out of range [3] with length 3", "runtime.panic"),
    ("goroutine 42 [running]:", "runtime.goroutine"),
    ("github.com/coredns/coredns/plugin/file.(*Zone).Lookup(0xc000123400, {0x1, 0x2})", "runtime.stack"),
    ("\t/build/coredns/plugin/file/lookup.go:31 +0x1d", "runtime.stack"),
    ("created by net/http.(*Server).Serve in goroutine 7", "runtime.stack"),
    ("main.main()", "runtime.stack"),
]


@pytest.mark.parametrize(("text", "message"), PANIC)
def test_panics_line_by_line(recognise: Recogniser, text: str, message: str) -> None:
    found = recognise(text)
    assert (found.message_id, found.label) == (message, "coredns-bug")


def test_a_recovered_panic_with_its_stack_in_one_record(recognise: Recogniser) -> None:
    text = (
        '[ERROR] Recovered from panic in server: "dns://:53" index out of range\ngoroutine 1 [running]:\n' + "x" * 9000
    )
    assert recognise(text).message_id == "core.recovered-panic"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("failed to create fsnotify watcher: too many open files", "inotify-exhausted"),
        ("failed to create fsnotify watcher: couldn't initialize inotify: too many open files", "inotify-exhausted"),
        ("failed to create fsnotify watcher: fsnotify: initializing inotify: too many open files", "inotify-exhausted"),
        ('failed to watch directory "/var/log/pods/a_b_c/coredns": no space left on device', "inotify-exhausted"),
        ('failed to watch file "/var/log/pods/a_b_c/coredns/0.log": no space left on device', "inotify-exhausted"),
        ("[INFO] Reloadingfailed to create fsnotify watcher: too many open files", "inotify-exhausted"),
        ("unable to retriece nothing", "unknown"),
        ("unable to retrieve container logs for containerd://5a0f", "info"),
    ],
)
def test_text_of_the_kubelet(recognise: Recogniser, text: str, label: str) -> None:
    assert recognise(text).label == label


def test_kubelet_text_of_a_clients_making_is_not_the_kubelets(recognise: Recogniser) -> None:
    text = '[INFO] plugin/health: "failed to create fsnotify watcher: too many open files"'
    assert recognise(text).label != "inotify-exhausted"


def test_node_cache_prints_its_corefile(recognise: Recogniser) -> None:
    for row in ("cluster.local:53 {", "    forward . 192.0.2.53 {", "            force_tcp", "    }", "}"):
        assert recognise(row).message_id == "node-cache.corefile-row", row
    assert not recognise("forward . 192.0.2.53").understood


@pytest.mark.parametrize(
    ("reason", "kind", "label"),
    [
        ("read udp 10.42.1.7:4242->192.0.2.61:53: i/o timeout", FailureKind.TIMEOUT, "upstream-unreachable"),
        ("no SOA", None, "upstream-unreachable"),
    ],
)
def test_a_nested_address_is_no_upstream(recognise: Recogniser, reason: str, kind: object, label: str) -> None:
    found = recognise(
        f"[WARNING] plugin/file: Notify from 192.0.2.61 for corp.example.: failed primary check: {reason}"
    )
    assert (found.message_id, found.kind, found.label) == ("file.notify-check-failed", kind, label)
    assert found.upstream is None


def test_equal_texts_are_remembered_and_forgotten(messages: object) -> None:
    recogniser = Recogniser(messages, remember=3)  # type: ignore[arg-type]
    first = recogniser("[INFO] Reloading complete")
    assert recogniser("[INFO] Reloading complete") is first
    for n in range(10):
        recogniser(f"[INFO] plugin/health: Going into lameduck mode for {n}s")
    assert recogniser("[INFO] Reloading complete") == first


def test_megabytes_are_cut_but_their_end_is_seen(recognise: Recogniser) -> None:
    pattern = "|".join(f"name{n}" for n in range(200_000))
    found = recognise(f"[ERROR] plugin/errors: 7 errors like '{pattern} i/o timeout$' occurred in last 1m0s")
    assert (found.message_id, found.weight, found.kind) == ("errors.summary", 7, FailureKind.TIMEOUT)
    assert len(found.fields["pattern"]) <= 400


@pytest.mark.parametrize(
    "words",
    [
        "read udp {local}->10.9.0.53:53: i/o timeout",
        "read udp {local}->10.244.0.9:53: i/o timeout",
        "read udp {local}->10.9.0.53:53: something odd",
        "plugin/forward: dial tcp {local}->10.9.0.53:53: connect: connection refused",
        "10.9.0.53:53->1.2.3.4:5 read udp {local}->10.9.0.53:53: i/o timeout",
    ],
)
def test_a_line_that_differs_in_name_and_local_end_is_read_as_if_alone(messages: object, words: str) -> None:
    """Those of a line that was read before are put in."""
    recognise = Recogniser(messages)  # type: ignore[arg-type]
    for name, local in (
        ("a.example.org.", "10.244.0.9:4011"),
        ("b.example.org", "10.244.1.9:4012"),
        ("c.example.org.", "[fd00::a]:4013"),
        ("d.example.org.", "X.X.X.X:4013"),
        ("7.8.", "10.244.1.9:4014"),
    ):
        text = f"[ERROR] plugin/errors: 2 {name} A: {words.format(local=local)}"
        alone = Recogniser(messages)(text)  # type: ignore[arg-type]
        found = recognise(text)
        assert (found.qname, found.local_addr, found.upstream) == (alone.qname, alone.local_addr, alone.upstream)
        assert found.fields.keys() == alone.fields.keys()
        assert found.message_id == alone.message_id
