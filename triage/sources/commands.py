"""What a command line prints, and about whom: `kubectl logs NAME` a replica, `ssh NODE cat FILE` a node."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from triage.sources import names
from triage.sources.wordlist import words

_SSH_WITH_VALUE = words("-p -i -l -o -F -J -L -R -b -c -m -W")
_KUBECTL_WITH_VALUE = words(
    "-n --namespace -c --container -l --selector --context --kubeconfig --tail --since --since-time -o "
    "--output --limit-bytes "
    "--cluster --user -s --server --image --max-log-requests --as --request-timeout --field-selector "
    "--sort-by -L --label-columns "
    "--overrides --restart --profile --target --token --node-name --command-timeout -f --filename"
)  # fmt: skip
KUBECTL = frozenset({"kubectl", "oc", "k", "kubectl.exe", "kc", "kctl"})
_WRAPPERS = frozenset(
    {"sudo", "time", "nohup", "command", "stdbuf", "nice", "chroot", "env", "unbuffer", "proxychains4"}
)
_FILE_READERS = words("cat less more head tail zcat bat type nl Get-Content gc tac grep egrep zgrep awk sed")
_TOOLS = words(
    "dig nslookup host drill kdig delv resolvectl systemd-resolve getent ping ping6 traceroute tracepath "
    "mtr nc ncat telnet curl wget ip "
    "ifconfig route ss netstat sysctl conntrack dmesg iptables iptables-save ip6tables ipvsadm nft lsof "
    "ulimit tcpdump lsmod uname "
    "hostname uptime free top ethtool arp arping lsns find cilium calicoctl etcdctl openssl nsenter nmcli timedatectl"
)  # fmt: skip
_LOG_READERS = words("docker podman nerdctl crictl ctr journalctl stern kail")
_SHELLS = frozenset({"sh", "bash", "ash", "zsh", "/bin/sh", "/bin/bash"})
_OTHERS = words(
    "ls cd pwd vi vim nano export echo exit helm kubeadm systemctl service ps which for while minikube "
    "watch kind k3s rke2 microk8s ssh"
)

KNOWN = KUBECTL | _WRAPPERS | _FILE_READERS | _TOOLS | _LOG_READERS | _OTHERS
"""Words that a shell line begins with; a bare `$` or `#` counts as a prompt only before one of them."""


class Command(Struct, frozen=True):
    """A command line, read."""

    text: str
    """The innermost command, as typed: what `ssh NODE` or `kubectl exec POD --` ran."""
    prints: str
    """`log`, `file`, `get`, `describe`, `tool`, `nothing` (its output went elsewhere), `other`."""
    host: str | None = None
    """Where it ran, when the command itself tells; the prompt's host otherwise."""
    replica: str | None = None
    container: str | None = None
    namespace: str | None = None
    previous: bool = False
    path: str | None = None
    """File that was printed."""
    in_pod: bool = False
    hints: dict[str, str] = field(default_factory=dict)


def read_command(line: str) -> Command:
    """Read a shell line; what is not understood prints `other`.

    >>> c = read_command("kubectl logs coredns-7f8ff9c97-6tlln -n kube-system -f")
    >>> c.prints, c.replica, c.namespace, c.previous
    ('log', 'coredns-7f8ff9c97-6tlln', 'kube-system', False)
    >>> c = read_command("ssh root@k8s-pre-m02 cat /etc/resolv.conf"); c.prints, c.path, c.host, c.text
    ('file', '/etc/resolv.conf', 'k8s-pre-m02', 'cat /etc/resolv.conf')
    >>> c = read_command("kubectl debug node/k8s-pre-m01 -it --image=busybox -- nslookup a.org 10.0.0.2")
    >>> c.prints, c.host, c.text
    ('tool', 'k8s-pre-m01', 'nslookup a.org 10.0.0.2')
    """
    text = line.strip()
    if re.search(r"(?<![12&])>{1,2}\s*(?!/dev/(?:stdout|stderr|tty))[\w./~$-]", text) and not re.search(
        r"\btee\b", text
    ):
        target = re.search(r">{1,2}\s*(\S+)", text)
        if target and target[1] not in {"/dev/null"} and "2>" not in text:
            return Command(text, "nothing")
    return _read(_words(text.split("|")[0] if not _quoted_pipe(text) else text), text)


def _quoted_pipe(text: str) -> bool:
    before = text.partition("|")[0]
    return before.count("'") % 2 == 1 or before.count('"') % 2 == 1


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text.rstrip("\\ "), comments=False)
    except ValueError:
        return text.split()


def _read(words: Sequence[str], text: str) -> Command:
    words = _without_wrappers(words)
    if not words:
        return Command(text, "other")
    program = words[0].rsplit("/", 1)[-1]
    if program in {"microk8s", "k3s", "minikube", "rke2", "sudo"} and len(words) > 1 and words[1] in KUBECTL:
        return _read([w for w in words[1:] if w != "--"] if program == "minikube" else words[1:], text)
    if program in KUBECTL:
        return _kubectl(list(words[1:]), text)
    reader: Callable[[list[str], str], Command] | None = {
        "ssh": _ssh,
        "docker": _docker,
        "podman": _docker,
        "nerdctl": _docker,
    }.get(program)
    if reader is not None:
        return reader(list(words[1:]), text)
    if program in _SHELLS and "-c" in words and words.index("-c") + 1 < len(words):
        inner = words[words.index("-c") + 1]
        return _read(_words(inner), inner)
    if program in _LOG_READERS:
        return Command(text, "log")
    if program in _FILE_READERS:
        paths = [w for w in words[1:] if "/" in w or re.search(r"corefile|resolv|\.log|\.conf", w, re.IGNORECASE)]
        return Command(text, "file", path=paths[-1] if paths else None)
    return Command(text, "tool" if program in _TOOLS else "other")


def _without_wrappers(words: Sequence[str]) -> list[str]:
    """Drop `sudo -u x`, `VAR=value`, `timeout 5`, `watch -n1`, `chroot /host`."""
    rest = list(words)
    while rest:
        word = rest[0].rsplit("/", 1)[-1]
        if re.fullmatch(r"[A-Za-z_]\w*=.*", rest[0], re.DOTALL):
            rest = rest[1:]
        elif word in _WRAPPERS or word in {"timeout", "watch", "nsenter"}:
            takes_one = word in {"timeout", "chroot"}
            rest = rest[1:]
            while rest and rest[0].startswith("-"):
                rest = (
                    rest[2:]
                    if rest[0] in {"-u", "-n", "-t"} and "=" not in rest[0] and len(rest) > 1 and word != "nsenter"
                    else rest[1:]
                )
            rest = rest[1:] if takes_one else rest
        else:
            break
    return rest


def _inner(words: Sequence[str], outer: str) -> Command:
    """The command behind `--` or behind a host; its text is what was typed there."""
    text = outer.split(" -- ", 1)[1] if " -- " in outer and "--" not in words else " ".join(words)
    return _read(words, text)


def _ssh(words: list[str], text: str) -> Command:
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in _SSH_WITH_VALUE else words[1:]
    if not words:
        return Command(text, "other")
    host = words[0].rpartition("@")[2]
    inner = words[1:]
    if len(inner) == 1:
        inner = _words(inner[0])
    return replace(_inner(inner, ""), host=host) if inner else Command(text, "nothing", host=host)


def _docker(words: list[str], text: str) -> Command:
    if words and words[0] == "exec":
        rest = words[1:]
        while rest and rest[0].startswith("-"):
            rest = rest[2:] if rest[0] in {"-u", "-e", "-w", "--user", "--env"} else rest[1:]
        return replace(_inner(rest[1:], ""), host=rest[0]) if len(rest) > 1 else Command(text, "other")
    return Command(text, "log" if "logs" in words[:2] else "other")


class _Call(Struct):
    """Arguments of kubectl, sorted."""

    verb: str = ""
    args: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    inner: list[str] = field(default_factory=list)


def _sorted(words: list[str]) -> _Call:
    call = _Call()
    if "--" in words:
        at = words.index("--")
        words, call.inner = words[:at], words[at + 1 :]
    number = 0
    while number < len(words):
        word = words[number]
        name, equals, value = word.partition("=")
        if (
            word.startswith("-")
            and not equals
            and name in _KUBECTL_WITH_VALUE
            and not _is_follow(name, call.verb)
            and number + 1 < len(words)
        ):
            call.options[name] = words[number + 1]
            number += 1
        elif word.startswith("-"):
            short = re.fullmatch(r"-([nco])(\S+)", name) if not name.startswith("--") and not equals else None
            call.options["-" + short[1] if short else name] = short[2] if short else value or "true"
        elif call.verb:
            call.args.append(word)
        else:
            call.verb = word
        number += 1
    return call


def _is_follow(name: str, verb: str) -> bool:
    """`-f` follows with `logs` and names a file elsewhere; before the verb it cannot be told."""
    return name == "-f" and verb in {"logs", "log"}


def _kubectl(words: list[str], text: str) -> Command:
    call = _sorted(words)
    namespace = call.options.get("-n") or call.options.get("--namespace")
    if call.verb in {"logs", "log"}:
        return _logs(call, text, namespace)
    if call.verb in {"exec", "debug", "run", "rsh"}:
        return _inside(call, text, namespace)
    if call.verb == "describe":
        return Command(text, "describe", namespace=namespace)
    if call.verb == "get":
        return Command(text, "tool" if "--raw" in call.options else "get", namespace=namespace)
    return Command(
        text,
        "tool" if call.verb in {"version", "top", "auth", "api-resources", "cluster-info"} else "other",
        namespace=namespace,
    )


def _logs(call: _Call, text: str, namespace: str | None) -> Command:
    """Only a pod's own name tells the replica: `-l`, `deploy/coredns` and `ds/…` choose for themselves."""
    target = call.args[0] if call.args else ""
    kind, slash, name = target.rpartition("/")
    pod = (
        name
        if (not slash or kind in {"pod", "pods", "po"}) and re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,252}", name)
        else None
    )
    if pod is None or "-l" in call.options or "--selector" in call.options:
        pod = None
    container = (
        call.options.get("-c") or call.options.get("--container") or (call.args[1] if len(call.args) > 1 else None)
    )
    previous = call.options.get("-p", call.options.get("--previous", "false")) not in {"false", ""}
    return Command(text, "log", replica=pod, container=container, namespace=namespace, previous=previous)


def _inside(call: _Call, text: str, namespace: str | None) -> Command:
    """`exec POD -- …` ran in the pod, `debug node/NAME -- …` on the node, `run … -- …` wherever `nodeName` says."""
    inner = call.inner or call.args[1:]
    target = call.args[0] if call.args else ""
    kind, _, name = target.rpartition("/")
    if not inner:
        return Command(text, "nothing", namespace=namespace)
    command = _inner(inner, "")
    if call.verb == "run":
        return replace(command, host=_node_of_overrides(call.options.get("--overrides", "")), in_pod=True)
    if call.verb == "debug" and kind in {"node", "nodes", "no"}:
        path = command.path.removeprefix("/host") if command.path else None
        return replace(command, host=name, path=path)
    return replace(command, host=name or None, in_pod=True)


def _node_of_overrides(text: str) -> str | None:
    try:
        spec = json.loads(text).get("spec", {})
    except (ValueError, AttributeError, RecursionError):
        return None
    node = spec.get("nodeName") if isinstance(spec, dict) else None
    return node if isinstance(node, str) else None


def is_command(text: str) -> bool:
    """True when a shell line begins with a program that we know.

    >>> is_command("sudo kubectl get pods"), is_command("[INFO] Reloading"), is_command("managed by hand")
    (True, False, False)
    """
    words = text.split(None, 8)
    while words and (re.fullmatch(r"[A-Za-z_]\w*=\S*", words[0]) or words[0] in {"sudo", "!"}):
        words = words[1:]
    return bool(words) and words[0].rsplit("/", 1)[-1] in KNOWN


def replica_named_in(text: str) -> str | None:
    """The one DNS pod that a heading or a sentence names; None for none or several.

    >>> replica_named_in("log of coredns-7f8ff9c97-6tlln:"), replica_named_in("coredns has two replicas")
    ('coredns-7f8ff9c97-6tlln', None)
    """
    tokens = re.findall(r"[a-z0-9][a-z0-9.-]{4,252}[a-z0-9]", text[:2000])
    pods = {t.removesuffix(".log") for t in tokens if names.is_dns_pod(t) and names.is_pod_name(t.removesuffix(".log"))}
    return pods.pop() if len(pods) == 1 else None
