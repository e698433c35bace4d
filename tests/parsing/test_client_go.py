"""Why the Kubernetes API is not reached, in every shape that client-go's lines have had."""

from __future__ import annotations

import pytest

from triage.model.observation import FailureKind
from triage.parsing.recognise import Recogniser

CALL = 'Get "https://10.43.0.1:443/api/v1/services?limit=500&resourceVersion=0": '
OLD_CALL = "Get https://10.43.0.1:443/api/v1/services?limit=500&resourceVersion=0: "
FILE = "pkg/mod/k8s.io/client-go@v0.29.3/tools/cache/reflector.go:229"
OLD_FILE = "github.com/coredns/coredns/plugin/kubernetes/controller.go:315"
KLOG = "E0405 06:07:08.123456       1 reflector.go:138] "
FORBIDDEN = (
    'services is forbidden: User "system:serviceaccount:kube-system:coredns" cannot list resource "services" '
    'in API group "" at the cluster scope'
)

SHAPES = [
    (KLOG + OLD_FILE + ": Failed to list *v1.Service: {}", "ERROR"),
    (KLOG + FILE + ": Failed to watch *v1.Service: failed to list *v1.Service: {}", "ERROR"),
    ("W" + KLOG[1:] + FILE + ": failed to list *v1.Service: {}", "WARNING"),
    ("reflector.go:138] " + FILE + ": Failed to watch *v1.Service: failed to list *v1.Service: {}", None),
    ("[INFO] plugin/kubernetes: " + FILE + ": failed to list *v1.Service: {}", "INFO"),
    ("[ERROR] plugin/kubernetes: " + FILE + ": Failed to watch *v1.Service: failed to list *v1.Service: {}", "ERROR"),
    ("[ERROR] plugin/kubernetes: Failed to watch: failed to list *v1.Service: {}", "ERROR"),
    (
        "[ERROR] plugin/kubernetes: Failed to watch: failed to list *v1.Service: {}"
        f' logger="UnhandledError" reflector="{FILE}" type="*v1.Service"',
        "ERROR",
    ),
]
REASONS = [
    (CALL + "dial tcp 10.43.0.1:443: i/o timeout", "api.timeout", "timeout", "apiserver-unreachable"),
    (
        OLD_CALL + "dial tcp 10.43.0.1:443: connect: connection refused",
        "api.refused",
        "refused",
        "apiserver-unreachable",
    ),
    (CALL + "dial tcp 10.43.0.1:443: connect: no route to host", "api.no-route", "no_route", "node-network"),
    (CALL + "net/http: TLS handshake timeout", "api.tls-timeout", "timeout", "apiserver-unreachable"),
    (CALL + "EOF", "api.eof", "eof", "apiserver-unreachable"),
    (CALL + "x509: certificate signed by unknown authority", "api.tls-authority", "tls", "apiserver-auth"),
    (
        CALL + "tls: failed to verify certificate: x509: certificate is valid for 10.43.0.1, not 10.96.0.1",
        "api.tls-other-name",
        "tls",
        "apiserver-auth",
    ),
    (
        CALL + "dial tcp 10.43.0.1:443: i/o timeout - error from a previous attempt: EOF",
        "api.timeout",
        "timeout",
        "apiserver-unreachable",
    ),
    ("Unauthorized", "api.unauthorized", "other", "apiserver-auth"),
    (FORBIDDEN, "api.forbidden", "other", "apiserver-auth"),
    ("the server could not find the requested resource", "api.no-such-resource", "other", "apiserver-auth"),
    (
        'an error on the server ("apiserver is shutting down") has prevented the request from succeeding',
        "api.unavailable",
        "other",
        "apiserver-unreachable",
    ),
    (CALL + "proxyconnect tcp: i/o timeout over the hills", None, "timeout", "apiserver-unreachable"),
    ("the moon is full", None, None, "unknown"),
]


@pytest.mark.parametrize(("shape", "level"), SHAPES)
@pytest.mark.parametrize(("reason", "inner", "kind", "label"), REASONS)
def test_reasons_in_all_shapes(
    recognise: Recogniser, shape: str, level: str | None, reason: str, inner: str | None, kind: str | None, label: str
) -> None:
    found = recognise(shape.format(reason))
    assert (found.message_id, found.plugin, found.level) == ("client-go.list-failed", "kubernetes", level)
    assert (found.fields.get("inner"), found.label) == (inner, label)
    assert found.kind == (FailureKind(kind) if kind else None)
    assert found.fields["api_type"] == "*v1.Service"
    assert found.fields.get("address") == ("10.43.0.1:443" if "https://" in reason else None)
    assert found.upstream is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[ERROR] plugin/kubernetes: Unhandled Error", "client-go.unhandled-error"),
        ("[ERROR] plugin/kubernetes: Unhandled Error: %!s(<nil>)", "client-go.unhandled-error"),
        ("[ERROR] plugin/kubernetes: Failed to watch", "client-go.watch-failed-no-reason"),
        ("[INFO] plugin/kubernetes: Warning: watch ended with error", "client-go.watch-ended"),
    ],
)
def test_a_lost_reason_tells_no_cause(recognise: Recogniser, text: str, message: str) -> None:
    found = recognise(text)
    assert (found.message_id, found.label, found.kind) == (message, "unknown", None)


@pytest.mark.parametrize(
    ("source", "bounds"),
    [
        ("pkg/mod/k8s.io/client-go@v0.29.3/tools/cache/reflector.go:229", ("1.11.3", "1.11.3")),
        ("/go/pkg/mod/k8s.io/client-go@v0.20.2/tools/cache/reflector.go:167", ("1.8.1", "1.8.3")),
        ("k8s.io/client-go@v0.99.9/tools/cache/reflector.go:1", ("1.9.4", None)),
    ],
)
def test_client_go_in_the_path_bounds_the_release(
    recognise: Recogniser, source: str, bounds: tuple[str, str | None]
) -> None:
    fields = recognise(f"[ERROR] plugin/kubernetes: {source}: Failed to watch *v1.Pod: Unauthorized").fields
    assert (fields.get("version_min"), fields.get("version_max")) == bounds


def test_klog_ends_with_1_9_3(recognise: Recogniser) -> None:
    assert recognise(f"{KLOG}{OLD_FILE}: Failed to list *v1.Pod: Unauthorized").fields["version_max"] <= "1.9.3"


def test_key_values_are_no_part_of_the_reason(recognise: Recogniser) -> None:
    text = (
        '[INFO] plugin/kubernetes: Warning: watch ended with error reflector="k8s.io/client-go@v0.37.1/tools/cache/'
        'reflector.go:343" type="*v1.EndpointSlice" err="Unauthorized"'
    )
    found = recognise(text)
    assert (found.message_id, found.label) == ("client-go.watch-ended", "apiserver-auth")
    assert found.fields["api_type"] == "*v1.EndpointSlice"
    assert (found.fields["version_min"], found.fields["version_max"]) == ("1.15.0", "1.15.0")


def test_a_goaway_with_its_debug_text_is_harmless(recognise: Recogniser) -> None:
    reason = 'http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=""'
    found = recognise(f"[INFO] plugin/kubernetes: {FILE}: watch of *v1.Service ended with: {reason}")
    assert (found.fields["inner"], found.label) == ("api.goaway", "benign")


def test_connection_failure_of_1_9_1(recognise: Recogniser) -> None:
    text = '[WARNING] plugin/kubernetes: Kubernetes API connection failure: Get "https://[fd00::1]:443/version": {}'
    found = recognise(text.format("dial tcp [fd00::1]:443: connect: network is unreachable"))
    assert (found.message_id, found.kind) == ("kubernetes.connection-failed", FailureKind.UNREACHABLE)
    assert found.fields["address"] == "[fd00::1]:443"
    cut = recognise("[WARNING] plugin/kubernetes: Kubernetes API connection failure:")
    assert (cut.message_id, cut.label) == ("kubernetes.connection-failed", "unknown")


def test_a_reason_cut_off_its_line(recognise: Recogniser) -> None:
    found = recognise('Get "https://10.43.0.1:443/version": dial tcp 10.43.0.1:443: i/o timeout')
    assert (found.message_id, found.kind) == ("client-go.reason", FailureKind.TIMEOUT)
    assert recognise(FORBIDDEN).label == "apiserver-auth"
    assert not recognise("Unauthorized").understood


@pytest.mark.parametrize(
    ("text", "message", "label"),
    [
        ("[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server", "kubernetes.waiting", None),
        ("[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API", "kubernetes.unsynced", None),
        ('[INFO] plugin/ready: Still waiting on: "kubernetes"', "ready.waiting-kubernetes", None),
        ('[INFO] plugin/ready: Plugins not ready: "kubernetes,nomad"', "ready.waiting", "unknown"),
        ("Trace[1427131847]: [30.000808s] [30.000808s] END", "client-go.trace", None),
    ],
)
def test_the_plugins_own_words(recognise: Recogniser, text: str, message: str, label: str | None) -> None:
    found = recognise(text)
    assert (found.message_id, found.label) == (message, label or "apiserver-unreachable")
