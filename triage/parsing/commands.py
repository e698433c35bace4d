"""Command lines as people type them: what ran, on which node, in which pod."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from msgspec import Struct

_MAX_COMMAND = 4000
_WRAPPERS = frozenset({"sudo", "time", "nohup", "exec", "stdbuf", "nice", "watch", "command"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*")
_END = frozenset({"|", "||", "&&", ";", "&", ">", ">>", "2>", "2>&1", "<"})
_KUBECTL = frozenset({"kubectl", "oc", "k", "microk8s.kubectl", "k3s"})
# Options of kubectl exec, run and debug that take a value.
_VALUED = frozenset(
    {"-n", "--namespace", "-c", "--container", "--context", "--image", "--restart", "--kubeconfig", "--profile",
     "--overrides", "--labels", "-l", "--timeout", "--pod-running-timeout"}
)  # fmt: skip


class Command(Struct, frozen=True):
    """The program that printed an output, behind all wrappers."""

    words: tuple[str, ...]
    """Program and arguments, up to a pipe or the next command."""
    text: str
    """The whole line."""
    node: str | None = None
    """Node named by `kubectl debug node/…` or `ssh`."""
    pod: str | None = None
    """Pod named by `kubectl exec` or `kubectl run`."""

    @property
    def program(self) -> str:
        """Name of the program without its folder; empty for no command."""
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def args(self) -> tuple[str, ...]:
        """Arguments of the program."""
        return self.words[1:]


def command_of(text: str | None) -> Command:
    """Look through `sudo`, `timeout 5`, `kubectl exec POD --`, `kubectl debug node/N --`, `ssh HOST` and kin.

    >>> found = command_of("kubectl debug node/kube-a1 -it --image=busybox -- timeout 3 dig @10.0.0.2 a.example | head")
    >>> found.words, found.node
    (('dig', '@10.0.0.2', 'a.example'), 'kube-a1')
    >>> command_of("for s in 10.0.0.2 10.0.0.3; do echo == $s; dig @$s a.example; done").words
    ('dig', '@$s', 'a.example')
    >>> command_of("kubectl -n kube-system exec coredns-5f-q2w -c coredns -- cat /etc/resolv.conf").pod
    'coredns-5f-q2w'
    """
    whole = (text or "")[:_MAX_COMMAND].strip()
    words: Sequence[str] = _split(whole)
    node = pod = None
    while words:
        name = words[0].rpartition("/")[2]
        if name in ("for", "while") and "do" in words:
            words = _first_telling(words[words.index("do") + 1 :])
        elif name in _KUBECTL and "--" in words:
            node, pod = _target(words[1 : words.index("--")], node, pod)
            words = words[words.index("--") + 1 :]
        elif name == "nsenter" or (name in ("chroot", "docker", "crictl", "nerdctl", "ctr", "ip") and _runs(words)):
            words = _behind(words)
        elif name == "ssh":
            node, words = _ssh(words, node)
        elif name in ("sh", "bash", "ash") and "-c" in words:
            words = _split(" ".join(words[words.index("-c") + 1 :]))
        elif name == "timeout":
            words = _without_options(words[1:])[1:]
        elif name in _WRAPPERS or _ASSIGNMENT.fullmatch(words[0]):
            words = _without_options(words[1:])
        else:
            break
    return Command(tuple(_first_command(words)), whole, node, pod)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text, posix=True)
    except ValueError:  # a quote that never ends
        return text.split()


def _first_command(words: Sequence[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        if word in _END:
            break
        found.append(word.rstrip(";"))
        if word.endswith(";"):
            break
    return found


def _first_telling(words: Sequence[str]) -> Sequence[str]:
    """The first command of a loop's body that does more than print a separator."""
    rest = list(words)
    while rest and rest[0] in ("echo", "printf", "sleep", "date"):
        length = len(_first_command(rest))
        rest = rest[length + (length < len(rest) and rest[length] in _END) :]
    return rest


def _target(words: Sequence[str], node: str | None, pod: str | None) -> tuple[str | None, str | None]:
    """Node or pod of `kubectl … exec|run|debug …`."""
    positional: list[str] = []
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = not skip and word in _VALUED
            continue
        positional.append(word)
    verb, target = (positional[0], positional[1]) if len(positional) > 1 else ("", "")
    if verb == "debug" and target.startswith(("node/", "nodes/", "no/")):
        return target.partition("/")[2], pod
    if verb in ("exec", "run", "debug") and target:
        return node, target.removeprefix("pod/").removeprefix("pods/")
    return node, pod


def _ssh(words: Sequence[str], node: str | None) -> tuple[str | None, Sequence[str]]:
    rest = list(words[1:])
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in ("-i", "-l", "-p", "-o", "-J", "-F") else rest[1:]
    if not rest:
        return node, ()
    return rest[0].rpartition("@")[2], _split(" ".join(rest[1:])) if len(rest) == 2 else rest[1:]


def _runs(words: Sequence[str]) -> bool:
    """True for wrappers that run another program: `docker exec C …`, `chroot /host …`, `ip netns exec N …`."""
    name = words[0].rpartition("/")[2]
    if name == "ip":
        return tuple(words[1:3]) == ("netns", "exec")
    return name == "chroot" or "exec" in words[1:3] or "run" in words[1:3]


def _behind(words: Sequence[str]) -> Sequence[str]:
    """What `nsenter`, `chroot`, `docker exec` and `ip netns exec` run."""
    name = words[0].rpartition("/")[2]
    if name == "nsenter":
        rest = words[words.index("--") + 1 :] if "--" in words else _after_values(words[1:], ("-t", "--target"))
    elif name == "chroot":
        rest = words[2:]
    else:
        at = words.index("exec") if "exec" in words else words.index("run")
        rest = _after_values(words[at + 1 :], ())[1:]
    return rest


def _after_values(words: Sequence[str], valued: Sequence[str]) -> Sequence[str]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in valued else rest[1:]
    return rest


def _without_options(words: Sequence[str]) -> Sequence[str]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        rest = rest[1:]
    return rest
