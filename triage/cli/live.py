"""What the commands for a live cluster share: what to read, whom we ask as whom, progress, and what is missing."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from triage.cli import completion
from triage.cli.language import translated
from triage.cli.streams import tell
from triage.errors import ExitCode, NoEvidenceError, TriageError
from triage.model.collection import Collected, Login, Progress, Wish
from triage.model.version import VERSION

if TYPE_CHECKING:
    from triage.model.text import Catalogue
    from triage.sources.live.reads import Reader

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

NamespaceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--namespace",
        "-n",
        metavar="NAME",
        help="Look here only; else where distributions keep CoreDNS.",
        autocompletion=completion.namespaces,
    ),
]
AllNamespacesOption = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look everywhere.")]
SelectorOption = Annotated[
    str | None,
    typer.Option("--selector", "-l", metavar="LABELS", help="Pods to read, instead of those with known labels."),
]
ContainerOption = Annotated[
    str | None, typer.Option("--container", "-c", metavar="NAME", help="Container to read in each pod.")
]
NoPreviousOption = Annotated[
    bool, typer.Option("--no-previous", help="Leave out the logs from before the last restart.")
]
MetricsOption = Annotated[bool, typer.Option("--metrics", help="Also read /metrics of each replica, through the API.")]
ConcurrencyOption = Annotated[
    int, typer.Option("--concurrency", metavar="N", min=1, max=64, help="Requests at a time.")
]
LimitOption = Annotated[
    int, typer.Option("--limit-bytes", metavar="BYTES", min=1, help="Most that is read of one log.")
]
NoInputOption = Annotated[bool, typer.Option("--no-input", help="Never ask: a login plugin gets no standard input.")]


def checked_names(names: Sequence[str] | None) -> tuple[str, ...]:
    """Namespaces as they were given; raises TriageError for what can be none."""
    for name in names or ():
        if not _NAME.fullmatch(name):
            raise TriageError("'{name}' is no name of a namespace", hint="names hold a-z, 0-9 and -", name=name)
    return tuple(dict.fromkeys(names or ()))


def rfc3339(at_ns: int) -> str:
    """A time as the API takes it, to the second.

    >>> rfc3339(1_500_000_000)
    '1970-01-01T00:00:01Z'
    """
    return datetime.fromtimestamp(at_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Session(Struct, frozen=True):
    """One collection from the command line."""

    login: Login
    wish: Wish
    quiet: bool = False
    verbose: int = 0
    no_input: bool = False

    def connect(self) -> Reader:
        """Say whom we ask, and log in."""
        from triage import pipeline

        if self.no_input:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        reader = pipeline.connect(self.login, self.wish.concurrency)
        if not self.quiet:
            places = ", ".join(self.wish.namespaces) or "kube-system, openshift-dns"
            introduce(reader, "*" if self.wish.everywhere else places)
        reader.log_in()
        return reader

    def collect(self, reader: Reader, folder: Path, now_ns: int, stopped: threading.Event) -> Collected:
        """Save into the folder what can be had until somebody stops it."""
        from triage import pipeline

        return pipeline.collect(
            reader, self.wish, folder,
            tool=VERSION, started=rfc3339(now_ns), progress=self._progress(), stopped=stopped,
        )  # fmt: skip

    def _progress(self) -> Progress:
        if self.quiet or sys.stderr is None:
            return lambda done, all_, size: None
        if sys.stderr.isatty():
            return _bar
        return _lines() if self.verbose else lambda done, all_, size: None


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Inside, the first Ctrl-C is noted, whenever it comes, and what was read is kept; the second one ends it all."""
    stopped = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        if stopped.is_set():
            signal.default_int_handler(number, frame)
        stopped.set()

    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # a job in the background ignores it
    if not ours or threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _without_secrets(server: str) -> str:
    """A server's URL without what a person may have written into it.

    >>> _without_secrets("https://u:secret@10.0.0.1:6443/k8s?token=secret#x")
    'https://10.0.0.1:6443/k8s'
    """
    scheme, _, rest = server.partition("://")
    host, slash, path = re.split(r"[?#]", rest)[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if rest else server


def introduce(reader: Reader, where: str) -> None:
    """Whom we ask and where, then as whom: half of all `it found nothing` is the wrong context.

    Two steps, for a plugin or a file that is needed to log in may hang.
    """
    place = reader.identity
    tell(
        "context {context} from {source}\nserver {server}\nnamespaces {where} (only reads)",
        context=place.context or "-",
        source=place.source,
        server=_without_secrets(place.server),
        where=where,
    )
    tell("as {user}", user=reader.log_in())


_PROGRESS = "logs {done} of {n}, {size} MB"


def _bar(done: int, n_logs: int, size: int) -> None:
    end = "\n" if done == n_logs else ""
    said = translated(_PROGRESS).format(done=done, n=n_logs, size=f"{size / 10**6:.1f}")
    sys.stderr.write(f"\r\x1b[K{said}{end}")
    sys.stderr.flush()


def _lines() -> Progress:
    last = -1

    def line(done: int, n_logs: int, size: int) -> None:
        nonlocal last
        if done != last:
            last = done
            tell(_PROGRESS, done=done, n=n_logs, size=f"{size / 10**6:.1f}")

    return line


def new_folder(path: Path) -> Path:
    """A new folder for a bundle; raises TriageError when something is there."""
    from triage.sources.live.folder import make_folder

    return make_folder(path)


def pack(folder: Path, archive: Path) -> None:
    """The folder as an archive; raises TriageError when it cannot be written."""
    from triage.sources.live import folder as bundles

    try:
        bundles.pack(folder, archive)
    except OSError as error:
        raise TriageError(
            "{path} cannot be written: {why}",
            hint="choose a folder that exists and that you may write to",
            path=archive,
            why=error.strerror or error,
        ) from error


def summarise(collected: Collected, bundle: Path, wrote: str) -> None:
    """What was read, how much is missing, and what stands in it (`wrote`)."""
    tell(wrote, path=bundle)
    tell("logs: {logs}, replicas: {replicas}", logs=collected.n_logs, replicas=collected.n_replicas)
    if collected.troubles:
        tell("reads that failed: {n}; manifest.json lists them", n=len(set(collected.troubles)))


def no_logs(collected: Collected, texts: Catalogue) -> NoEvidenceError:
    """Why there is no log at all, and what to do about it."""
    if collected.interrupted:
        return NoEvidenceError(
            "interrupted before any log was read", hint="let it run longer", exit_code=ExitCode.INTERRUPTED
        )
    from triage.model.text import Text

    if collected.products and not collected.n_replicas:
        reasons = (texts.say(Text(f"gap.product-{name}.reason")) for name in collected.products)
        where = texts.say(Text("list.clauses")).join(reasons)
        return NoEvidenceError(
            "there is no CoreDNS to read: {where}", hint="save those logs and run: triage analyze FILE", where=where
        )
    why = {t.reason: f"{t.verb} {t.resource}: {t.said}" for t in reversed(collected.troubles)}
    for reason, make in _NO_LOGS.items():
        if reason in why:
            return make(why[reason])
    if collected.n_replicas:
        return NoEvidenceError(
            "no replica of CoreDNS has a log yet", hint="look at them with `kubectl describe pods -n kube-system`"
        )
    return NoEvidenceError("no CoreDNS pod was found", hint="name its namespace with -n, or its labels with -l")


def _no_login(why: str) -> NoEvidenceError:
    return NoEvidenceError(
        "the API server does not accept the login: {why}", hint="log in again, or name another --context", why=why
    )


def _away(why: str) -> NoEvidenceError:
    if "CERTIFICATE_VERIFY_FAILED" in why or "x509:" in why:  # in the words of OpenSSL, and of kubectl
        return NoEvidenceError(
            "the certificate of the API server is not trusted: {why}",
            hint="check --certificate-authority, --tls-server-name and the clock of this machine; or --context",
            why=why,
        )
    return NoEvidenceError(
        "the API server does not answer: {why}",
        hint="check --context, network and proxy; or try --request-timeout 2m, or --via kubectl",
        why=why,
    )


def _denied(why: str) -> NoEvidenceError:
    return NoEvidenceError(
        "not allowed to read CoreDNS: {why}",
        hint="`triage manifests rbac` prints the least rights; or try --namespace, --as or another --context",
        why=why,
    )


def _failed(why: str) -> NoEvidenceError:
    return NoEvidenceError(
        "no log of CoreDNS could be read: {why}",
        hint="try again; the logs are also on the nodes, below /var/log/pods",
        why=why,
    )


_NO_LOGS: Mapping[str, Callable[[str], NoEvidenceError]] = {
    "unauthorized": _no_login,
    "unreachable": _away,
    "timeout": _away,
    "denied": _denied,
    **dict.fromkeys(("throttled", "server", "refused", "missing", "cut", "not-kept"), _failed),
}
"""Why a read failed, the most telling first, to what is said of it."""
