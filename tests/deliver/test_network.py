"""The line: only https, only to the address that was checked, never along a redirect, patient within limits."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.deliver.site import Site
from triage.deliver.address import checked
from triage.deliver.line import Request
from triage.deliver.network import Network
from triage.deliver.patience import TRIES, UncertainError, within
from triage.errors import DeliveryError, TriageError

NAME = "hooks.example.com"


def post(site: Site, host: str = "localhost", **more: object) -> Request:
    return Request("POST", f"https://{host}:{site.port}/in", json={"a": 1}, **more)


def test_it_arrives_at_the_checked_address_under_the_name(serve, lines) -> None:
    site = serve(Site(), NAME)
    asked_for: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> list[str]:
        asked_for.append((host, port))
        return ["127.0.0.1"] if len(asked_for) == 1 else ["203.0.113.1"]

    answer = lines.network(allowed={NAME}, resolve=resolve).call(post(site, NAME))
    assert answer.body == b"ok"
    assert asked_for == [(NAME, site.port)], "the system's own resolver knows no such name"
    assert (site.asked[0].sni, site.asked[0].headers["host"]) == (NAME, f"{NAME}:{site.port}")
    assert site.asked[0].headers["user-agent"] == "coredns-triage"


def test_the_next_address_is_tried_when_nobody_answers_at_the_first(serve, lines) -> None:
    site = serve(Site())
    assert lines.network(resolve=lambda *_: ["127.0.0.9", "127.0.0.1"]).call(post(site)).status == 200


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::1"], ["10.96.0.10"], ["192.168.1.1"], ["169.254.169.254"], ["fe80::1%eth0"], ["fd00::1"],
     ["100.64.0.1"], ["0.0.0.0"], ["::ffff:10.0.0.1"], ["64:ff9b::7f00:1"], ["2002:7f00:1::"], ["224.0.0.1"],
     ["93.184.215.14", "127.0.0.1"]],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(addresses: list[str]) -> None:
    with pytest.raises(DeliveryError, match="not a public address") as refused:
        checked(NAME, 443, (), lambda *_: addresses)
    assert f"--allow-host {NAME}" in refused.value.hint
    assert checked(NAME, 443, {NAME}, lambda *_: addresses) == addresses


def test_public_addresses_are_taken_but_no_names_inside_a_cluster() -> None:
    public = lambda *_: ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]  # noqa: E731
    assert checked(NAME, 443, (), public) == public()
    for name in ("hook.team.svc", "hook.team.svc.cluster.local.", "HOOK.team.SVC"):
        with pytest.raises(DeliveryError, match="not a public address"):
            checked(name, 443, (), public)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "localhost", "127.1"])
def test_no_spelling_of_loopback_gets_through(host: str) -> None:
    with pytest.raises(DeliveryError, match="not a public address"):
        Network(str, pause=pytest.fail).call(Request("GET", f"https://{host}:1/"))


def test_a_name_that_does_not_resolve_is_told(lines) -> None:
    def resolve(*_: object) -> list[str]:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    with pytest.raises(DeliveryError, match=r"hooks.example.com cannot be resolved: .*Temporary failure"):
        lines.network(resolve=resolve).call(Request("GET", f"https://{NAME}/"))


@pytest.mark.parametrize(
    "url", ["http://localhost:1/", "ftp://localhost/", "https://u:p@localhost/", "https:///x", "//x"]
)
def test_only_https_without_secrets(url: str, lines) -> None:
    with pytest.raises(TriageError):
        lines.network(resolve=pytest.fail).call(Request("GET", url))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_told_not_followed(status: int, serve, lines) -> None:
    site, other = serve(Site()), serve(Site())
    site.fail(status=status, headers={"Location": f"https://localhost:{other.port}/in"})
    with pytest.raises(DeliveryError, match=f"answered {status} and points to localhost; redirects are not followed"):
        lines.network().call(post(site))
    assert (len(site.asked), other.asked, lines.waits) == (1, [], [])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422])
def test_a_refusal_is_told_once_with_what_the_target_says(status: int, serve, lines) -> None:
    site = serve(Site())
    site.fail(status=status, body=b"no,\n  not with s3cret\x1b[2J " + b"x" * 999)
    with pytest.raises(DeliveryError, match=f"localhost answered {status}: no, not with [*]{{3}}") as refused:
        lines.network(mask=lambda text: text.replace("s3cret", "***")).call(post(site))
    assert len(refused.value.message) < 260
    assert refused.value.hint
    assert (len(site.asked), lines.waits) == (1, [])


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_target_is_asked_again(status: int, serve, lines) -> None:
    site = serve(Site())
    site.fail(times=2, status=status)
    assert lines.network().call(post(site)).status == 200
    assert len(site.asked) == 3
    assert [0.5 <= lines.waits[0] <= 1.5, 1 <= lines.waits[1] <= 3] == [True, True]


def test_the_tries_have_an_end(serve, lines) -> None:
    site = serve(Site())
    site.fail(times=99, status=503)
    with pytest.raises(DeliveryError, match="answered 503"):
        lines.network().call(post(site))
    assert (len(site.asked), len(lines.waits)) == (TRIES, TRIES - 1)


@pytest.mark.parametrize(
    ("said", "waited"), [("7", 7), ("0", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None), ("-3", None)]
)
def test_a_target_that_says_how_long_is_obeyed(said: str, waited: int | None, serve, lines) -> None:
    site = serve(Site())
    site.fail(status=429, headers={"Retry-After": said})
    assert lines.network().call(post(site)).status == 200
    assert lines.waits == [waited] if waited is not None else 0.5 <= lines.waits[0] <= 1.5


def test_a_target_that_wants_an_hour_is_given_up_for_now(serve, lines) -> None:
    site = serve(Site())
    site.fail(status=429, headers={"Retry-After": "3600"})
    with pytest.raises(DeliveryError, match=r"answered 429.*asks to wait 3600 s"):
        lines.network().call(post(site))
    assert (len(site.asked), lines.waits) == (1, [])


@pytest.mark.parametrize("how", ["hang", "break"])
def test_silence_is_asked_again_only_where_that_does_no_harm(how: str, serve, lines) -> None:
    site = serve(Site())
    site.fail(how=how)
    assert lines.network(timeout_s=0.3).call(post(site)).status == 200
    site.fail(how=how)
    with pytest.raises(UncertainError, match="did not answer within"):
        lines.network(timeout_s=0.3).call(post(site, again=False))
    assert len(site.asked) == 3


def test_an_error_of_the_server_is_uncertain_where_asking_again_could_do_it_twice(serve, lines) -> None:
    site = serve(Site())
    site.fail(status=502)
    with pytest.raises(UncertainError):
        lines.network().call(post(site, again=False))
    assert len(site.asked) == 1


def test_nobody_there(lines) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(DeliveryError, match="localhost cannot be reached"):
        lines.network(resolve=lambda *_: ["127.0.0.1"]).call(Request("GET", f"https://localhost:{port}/"))
    assert len(lines.waits) == TRIES - 1


def test_a_target_that_drips_is_given_up(serve, lines) -> None:
    site = serve(Site())
    site.fail(how="drip")
    with pytest.raises(DeliveryError, match="given up after 1 s; nobody knows whether it arrived"):
        within(1, lambda: lines.network().call(post(site)))


def test_what_goes_wrong_in_time_is_told_as_it_is() -> None:
    assert within(5, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)


@pytest.mark.parametrize("kind", ["expired", "of another name", "of a stranger"])
def test_a_certificate_that_does_not_prove_the_name(kind: str, serve, lines, monkeypatch) -> None:
    names = ["other.example.com"] if kind == "of another name" else ["localhost"]
    site = serve(Site(), *names, expired=kind == "expired")
    if kind == "of a stranger":
        monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(DeliveryError, match="localhost is not trusted") as refused:
        lines.network().call(post(site))
    assert "SSL_CERT_FILE" in refused.value.hint
    assert (site.asked, lines.waits) == ([], [])


class Proxy:
    """A proxy that connects once, wherever it is told to, and notes where that was."""

    def __init__(self, port: int) -> None:
        self._port, self.told, self.login = port, "", ""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        client, _ = self._server.accept()
        head = client.recv(4096).decode().split("\r\n")
        self.told, self.login = head[0], next((h for h in head if h.lower().startswith("proxy-auth")), "")
        target = socket.create_connection(("127.0.0.1", self._port))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for a, b in ((client, target), (target, client)):
            threading.Thread(target=self._copy, args=(a, b), daemon=True).start()

    @staticmethod
    def _copy(a: socket.socket, b: socket.socket) -> None:
        while data := a.recv(65536):
            b.sendall(data)


def test_a_proxy_is_sent_to_the_checked_address_too(serve, lines) -> None:
    site = serve(Site(), NAME)
    proxy = Proxy(site.port)
    url = proxy.url.replace("http://", "me:p%40ss@")
    how = {"allowed": {NAME}, "resolve": lambda *_: ["127.0.0.1"], "proxies": {"https": url}}
    assert lines.network(**how).call(post(site, NAME)).status == 200
    assert proxy.told.startswith(f"CONNECT 127.0.0.1:{site.port} ")
    assert proxy.login.endswith("Basic bWU6cEBzcw==")
    assert site.asked[0].sni == NAME


def test_hosts_that_need_no_proxy_get_none(serve, lines) -> None:
    site = serve(Site())
    proxies = {"https": "http://127.0.0.1:9", "no": "localhost"}
    assert lines.network(proxies=proxies).call(post(site)).status == 200
