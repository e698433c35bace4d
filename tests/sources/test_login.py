"""Logins from real files: what is wrong with one is told in a sentence, with the file and the field."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.certificates import Authority
from triage.cli import main
from triage.errors import ExitCode, TriageError
from triage.model.collection import Login
from triage.sources.login import access_of, claims, log_in, proxy_of

SERVER = "https://127.0.0.1:9"
_CLAIMS = b'{"sub": "system:serviceaccount:dns:reader"}'
TOKEN = f"e30.{base64.urlsafe_b64encode(_CLAIMS).decode()}.x"
CLUSTER: dict[str, Any] = {"server": SERVER}
_SHORT = "--request-timeout=1s"


def written(tmp_path: Path, cluster: object = CLUSTER, user: object = None, name: str = "kubeconfig") -> Path:
    path = tmp_path / name
    context = {"cluster": "lab", "user": "me", "namespace": "dns"}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": "me", "user": {} if user is None else user}],
        "contexts": [{"name": "lab", "context": context}, {"name": "other", "context": context | {"cluster": "gone"}}],
    }
    path.write_text(yaml.safe_dump(content))
    return path


def plugin(command: str, *args: str, **more: object) -> dict[str, object]:
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": [*args], **more}}


BOMB = "a: &a [x, x]\n" + "".join(f"{new}: &{new} [{', '.join(f'*{old}' for _ in range(9))}]\n" for old, new in zip("abcdefghijklmnop", "bcdefghijklmnopq", strict=True))  # fmt: skip  # noqa: E501
WHOLE = {
    "a number": ("5", "it holds something else"),
    "a list": ("- a\n- b\n", "it holds something else"),
    "another kind": ("kind: Pod\n", "it holds something else"),
    "no YAML": ("clusters: [\n  a: b: c\n", "YAML, line 2"),
    "a bomb": (BOMB, "YAML"),
    "deep": ("[" * 5000, "YAML"),
    "bytes": ("clusters: \x00\x01\udcff", "it is no text"),
}


@pytest.mark.parametrize(("text", "said"), WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("command", ["diagnose", "collect"])
def test_a_file_that_is_no_kubeconfig(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, text: str, said: str
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert main([command, "--kubeconfig", str(path)]) == ExitCode.USAGE
    told = capfd.readouterr().err
    assert told.splitlines() == [f"error: {path} cannot be read as a kubeconfig: {said}", told.splitlines()[1]]
    assert told.splitlines()[1].startswith(" hint: ")


FIELDS: Mapping[str, tuple[object, object, str]] = {
    "server: a number": ({"server": 5}, None, "clusters[lab].cluster.server in {file} is no text"),
    "server: missing": ({}, None, "clusters[lab].cluster.server in {file} is missing"),
    "server: no URL": ({"server": "https://[::1"}, None, "clusters[lab].cluster.server in {file} is no URL"),
    "server: a space": ({"server": "https://a b:1"}, None, "clusters[lab].cluster.server in {file} is no URL"),
    "server: no port": ({"server": "https://a:99999"}, None, "clusters[lab].cluster.server in {file} is no URL"),
    "server: another protocol": ({"server": "ftp://x"}, None, "clusters[lab].cluster.server in {file} is no URL"),
    "cluster: a text": ("x", None, "clusters[0].cluster in {file} is no mapping"),
    "authority: missing file": (
        CLUSTER | {"certificate-authority": "gone.crt"},
        None,
        "clusters[lab].cluster.certificate-authority in {file}: {folder}/gone.crt cannot be read: "
        "No such file or directory",
    ),
    "authority: no base64": (
        CLUSTER | {"certificate-authority-data": "%%%"},
        None,
        "clusters[lab].cluster.certificate-authority-data in {file} is no base64",
    ),
    "authority: no certificate": (
        CLUSTER | {"certificate-authority-data": base64.b64encode(b"hello").decode()},
        None,
        "clusters[lab].cluster.certificate-authority in {file} holds no certificate",
    ),
    "insecure: a text": (
        CLUSTER | {"insecure-skip-tls-verify": "yes"},
        None,
        "clusters[lab].cluster.insecure-skip-tls-verify in {file} is neither true nor false",
    ),
    "proxy: no URL": (
        CLUSTER | {"proxy-url": "nowhere"},
        {"token": "x"},
        "clusters[lab].cluster.proxy-url in {file} is no URL",
    ),
    "user: a number": (CLUSTER, 5, "users[0].user in {file} is no mapping"),
    "token: a number": (CLUSTER, {"token": 5}, "users[me].user.token in {file} is no text"),
    "token: two lines": (CLUSTER, {"token": "a\nb"}, "users[me].user.token in {file} holds what no token may hold"),
    "tokenFile: missing file": (
        CLUSTER,
        {"tokenFile": "gone"},
        "users[me].user.tokenFile in {file}: {folder}/gone cannot be read: No such file or directory",
    ),
    "certificate without a key": (
        CLUSTER,
        {"client-certificate-data": "eA=="},
        "users[me].user.client-key in {file} is missing",
    ),
    "key: missing file": (
        CLUSTER,
        {"client-certificate-data": "eA==", "client-key": "gone.key"},
        "users[me].user.client-key in {file}: {folder}/gone.key cannot be read: No such file or directory",
    ),
    "certificate: none": (
        CLUSTER,
        {"client-certificate-data": "eA==", "client-key-data": "eA=="},
        "users[me].user.client-certificate in {file} and its key are no pair that can be read",
    ),
    "groups: a text": (
        CLUSTER,
        {"as": "you", "as-groups": "x"},
        "users[me].user.as-groups in {file} is no list of texts",
    ),
    "exec: a number": (CLUSTER, {"exec": 5}, "users[me].user.exec in {file} is no mapping"),
    "exec: env a number": (CLUSTER, plugin("true", env=5), "users[me].user.exec.env in {file} is no list of mappings"),
    "exec: args a text": (CLUSTER, plugin("true") | {"exec": {**plugin("true")["exec"], "args": "x"}}, "users[me].user.exec.args in {file} is no list of texts"),  # type: ignore[dict-item]  # noqa: E501
    "exec: version": (CLUSTER, {"exec": {"command": "true"}}, "users[me].user.exec.apiVersion in {file} is not known"),
    "exec: no command": (CLUSTER, plugin(""), "users[me].user.exec.command in {file} is missing"),
}  # fmt: skip


@pytest.mark.parametrize(("cluster", "user", "said"), FIELDS.values(), ids=FIELDS)
def test_a_field_that_is_wrong_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], cluster: object, user: object, said: str
) -> None:
    path = written(tmp_path, cluster, user)
    assert main(["collect", "--kubeconfig", str(path), "--output-file", str(tmp_path / "b")]) == ExitCode.USAGE
    told = capfd.readouterr().err.splitlines()
    assert told[-2:] == [
        f"error: {said.format(file=path, folder=tmp_path)}",
        " hint: correct it, or name another login with --kubeconfig or --context",
    ]
    assert told[:-2] == [] or told[0] == f"context lab from {path}"


def test_what_is_not_in_the_kubeconfig_is_not_known(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path)
    for options, said in {
        ("--context", "x"): "there is no context 'x'\n hint: choose one of: lab, other\n",
        ("--cluster", "x"): "there is no cluster 'x'\n hint: choose one of: lab\n",
        ("--user", "x"): "there is no user 'x'\n hint: choose one of: me\n",
        ("--context", "other"): "there is no cluster 'gone'\n hint: choose one of: lab\n",
    }.items():
        assert main(["diagnose", "--kubeconfig", str(path), *options]) == ExitCode.USAGE
        assert capfd.readouterr().err == f"error: {said}"


@pytest.mark.parametrize("way", ["plugin", "token", "certificate"])
def test_what_hangs_is_bounded_and_comes_after_whom_we_ask(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], way: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    users = {
        "plugin": plugin("sleep", "1000"),
        "token": {"tokenFile": "pipe"},
        "certificate": {"client-certificate": "pipe", "client-key": "pipe"},
    }
    path = written(tmp_path, user=users[way])
    code = main(["diagnose", "-o", "json", "--kubeconfig", str(path), _SHORT])
    out, told = capfd.readouterr()
    assert told.splitlines()[:2] == [f"context lab from {path}", f"server {SERVER}"]
    assert not any(line.startswith("as ") for line in told.splitlines())
    if way == "plugin":
        assert "error: the login plugin sleep did not answer within 1 s\n hint: " in told
        assert (code, json.loads(out)["hypotheses"]) == (ExitCode.NO_EVIDENCE, [])
    else:
        assert "pipe cannot be read: no answer within 1 s\n hint: " in told
        assert (code, out) == (ExitCode.USAGE, "")


PLUGINS = {
    "fails": (plugin("false"), ExitCode.NO_EVIDENCE, "the login plugin false failed with exit code 1"),
    "is not there": (
        plugin("no-such-plugin"),
        ExitCode.USAGE,
        "the login plugin no-such-plugin cannot be run: No",
    ),
    "says nothing": (plugin("true"), ExitCode.NO_EVIDENCE, "the login plugin true printed no credential"),
    "says something else": (plugin("echo", "5"), ExitCode.NO_EVIDENCE, "the login plugin echo printed no credential"),
    "has no token": (plugin("echo", '{"status": {}}'), ExitCode.NO_EVIDENCE, "the login plugin echo printed no"),
}


@pytest.mark.parametrize(("user", "code", "said"), PLUGINS.values(), ids=PLUGINS)
def test_a_plugin_that_gives_no_credential_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], user: object, code: int, said: str
) -> None:
    path = written(tmp_path, user=user)
    assert main(["collect", "--kubeconfig", str(path), "--output-file", str(tmp_path / "b")]) == code
    assert f"error: {said}" in capfd.readouterr().err


def test_a_plugin_is_told_what_kubectl_tells_it(tmp_path: Path) -> None:
    script = tmp_path / "login"
    script.write_text(f"#!{sys.executable}\nimport json, os, sys\n" + (
        "told = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "server = told['spec']['cluster']['server']\n"
        "token = '.'.join([sys.argv[1], os.environ['K'], server[-1], str(sys.stdin.isatty())])\n"
        "print(json.dumps({'kind': 'ExecCredential', 'apiVersion': told['apiVersion'], 'status': {'token': token}}))\n"
    ))  # fmt: skip
    script.chmod(0o700)
    wanted = plugin("./login", "a", env=[{"name": "K", "value": "v"}], provideClusterInfo=True)
    path = written(tmp_path, CLUSTER | {"insecure-skip-tls-verify": True}, wanted)
    found = log_in(access_of(Login(str(path)), os.environ), os.environ)
    assert found.headers == (("Authorization", "Bearer a.v.9.False"),)
    assert found.user == "me (by the plugin login)"


def test_a_token_names_its_account_and_a_file_goes_first(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    path = written(tmp_path, user={"tokenFile": "token", "token": "other"})
    found = log_in(access_of(Login(str(path)), {}), {})
    assert dict(found.headers)["Authorization"] == f"Bearer {TOKEN}"
    assert found.user == "me (system:serviceaccount:dns:reader)"


def test_an_expired_provider_says_so(tmp_path: Path) -> None:
    claim = base64.urlsafe_b64encode(json.dumps({"exp": 1, "sub": "me"}).encode()).decode()
    provider = {"auth-provider": {"name": "oidc", "config": {"id-token": f"e30.{claim}.x"}}}
    with pytest.raises(TriageError, match="auth-provider oidc has expired"):
        log_in(access_of(Login(str(written(tmp_path, user=provider))), {}), {})


def test_impersonation_of_the_kubeconfig_and_of_the_flags(tmp_path: Path) -> None:
    extra = {"as": "you", "as-uid": "7", "as-groups": ["a", "b"], "as-user-extra": {"x/y": ["1", "2"]}}
    path = str(written(tmp_path, user={"token": "t", **extra}))
    found = log_in(access_of(Login(path), {}), {})
    assert found.headers[1:] == (
        ("Impersonate-User", "you"), ("Impersonate-Uid", "7"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b"),
        ("Impersonate-Extra-x%2Fy", "1"), ("Impersonate-Extra-x%2Fy", "2"),
    )  # fmt: skip
    assert found.user == "you, impersonated by me (token)"
    told = log_in(access_of(Login(path, as_user="they", as_groups=("c",)), {}), {})
    assert ("Impersonate-User", "they") in told.headers
    assert ("Impersonate-Group", "a") not in told.headers


def test_flags_go_before_the_kubeconfig(tmp_path: Path) -> None:
    authority = Authority("lab")
    (tmp_path / "ca.crt").write_bytes(authority.pem)
    certificate, key = authority.admit(tmp_path, "somebody", "some")
    path = str(written(tmp_path, CLUSTER | {"certificate-authority-data": "%%%"}, {"client-key-data": "%%%"}))
    login = Login(
        path, server="127.0.0.1:7", authority=str(tmp_path / "ca.crt"), certificate=str(certificate), key=str(key)
    )
    access = access_of(login, {})
    assert access.server == "https://127.0.0.1:7", "TLS is meant where somebody names an authority"
    assert log_in(access, {}).user == "me (client certificate)"
    assert access_of(Login(server="http://127.0.0.1:7"), {"HOME": str(tmp_path)}).server == "http://127.0.0.1:7"


def test_the_proxy_of_the_environment(tmp_path: Path) -> None:
    access = access_of(Login(str(written(tmp_path, {"server": "https://10.1.2.3:6443"}))), {})
    assert proxy_of(access, {}) is None
    assert proxy_of(access, {"HTTPS_PROXY": "http://p:3128"}) == "http://p:3128"
    assert proxy_of(access, {"https_proxy": "p:3128"}) == "http://p:3128"
    assert proxy_of(access, {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "10.0.0.0/8"}) is None
    with pytest.raises(TriageError, match="HTTPS_PROXY of the environment is no URL"):
        proxy_of(access, {"HTTPS_PROXY": "http://[x"})
    named = access_of(Login(str(written(tmp_path, CLUSTER | {"proxy-url": "socks5://p:1"}))), {})
    assert proxy_of(named, {"NO_PROXY": "*"}) == "socks5://p:1"


def test_no_login_at_all(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match="no kubeconfig was found"):
        access_of(Login(), {"HOME": str(tmp_path)})
    pod = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert access_of(Login(), pod).server == "https://[fd00::1]:443"


@pytest.mark.parametrize("token", ["", "a.b", "a.%.c", f"a.{base64.b64encode(b'[' * 9999).decode()}.c", "a.NQ.c"])
def test_what_is_no_token_claims_nothing(token: str) -> None:
    assert claims(token) == {}


def test_a_kubeconfig_may_come_through_a_pipe(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m triage collect {_SHORT} --kubeconfig <(cat {written(tmp_path)})"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stderr.startswith("context lab from /dev/fd/")
    assert done.returncode == ExitCode.NO_EVIDENCE


def played(tmp_path: Path, text: str) -> str:
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o700)
    return str(program)


def test_a_kubectl_that_hangs_played_by_a_script(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, program = written(tmp_path), played(tmp_path, "exec sleep 1000")
    code = main(["diagnose", "--kubeconfig", str(path), _SHORT, "--via", program])
    told = capfd.readouterr().err
    assert told.splitlines()[:2] == [f"context lab from {program}", f"server {SERVER}"]
    assert "as me\n" in told
    assert (code, "no answer within 1 s" in told) == (ExitCode.NO_EVIDENCE, True)


def test_the_flags_are_handed_to_kubectl_played_by_a_script(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said = tmp_path / "said"
    program = played(tmp_path, f'echo "$@" >> {said}; exit 1')
    flags = {
        "--kubeconfig": str(written(tmp_path)), "--context": "other", "--cluster": "lab", "--user": "me",
        "--server": "https://127.0.0.1:8", "--certificate-authority": "a", "--tls-server-name": "b",
        "--client-certificate": "c", "--client-key": "d", "--as": "e", "--as-uid": "f", "--as-group": "g",
    }  # fmt: skip
    words = [word for pair in flags.items() for word in pair]
    main(["diagnose", *words, "--insecure-skip-tls-verify", "--via", program])
    assert "server https://127.0.0.1:8\n" in capfd.readouterr().err
    handed = said.read_text().splitlines()[0].split()
    assert {f"{name}={value}" for name, value in flags.items()} | {"--insecure-skip-tls-verify"} <= set(handed)
    assert not any("timeout" in word for word in handed), "kubectl would end a long log by it"


@pytest.mark.parametrize("command", ["collect", "diagnose"])
def test_until_the_first_request_nothing_is_loaded_that_only_the_analysis_needs(tmp_path: Path, command: str) -> None:
    heavy = ("pandas", "numpy", "kubernetes", "regex", "triage.sources.load", "triage.render.forms", "triage.reading")
    code = (
        "import sys, threading\n"
        "from triage.sources.cluster import ApiReader\n"
        "once = threading.Lock()\n"
        "def first(self, path):\n"
        "    once.acquire()\n"  # others ask at the same time
        f"    print([m for m in {heavy} if m in sys.modules])\n"
        "    sys.stdout.flush()\n"
        "    __import__('os')._exit(0)\n"
        "ApiReader.open = first\n"
        "from triage.cli import main\n"
        f"main(['{command}', '--kubeconfig', '{written(tmp_path)}'])\n"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=tmp_path) == "[]\n"
