"""Lives of a process inside a stream: start banners, versions, hashes, and where a stream was cut."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct, field

from triage.model.late import late
from triage.reading.tally import greatest, least

_VERSION = late(r"(?:\[INFO\] )?(?:.{0,80}~ )?CoreDNS-(\d+\.\d+\.\d+[\w.+-]*)\s*$")
_PLATFORM = late(r"(?:\[INFO\] )?(?:.{0,80}~ )?(?:linux|darwin|windows|freebsd)/\w+, go\d")
_LISTENER = late(r"((?:(?:dns|tls|grpc|https|https3|quic)://)?[^\s:/\"\[\]]*:\d{1,5})(?: on [\w.:%-]+)?\s*$")
_HASH = late(r"(?:\[INFO\] )?plugin/reload: Running configuration (?:MD5|SHA512) = ([0-9a-f]{6,128})")
_MAXPROCS = "maxprocs: "
_WAITING = ("waiting for Kubernetes API before starting", "starting server with unsynced Kubernetes API")
_BEFORE_START = (
    *_WAITING,
    "No files matching import glob pattern",
    "plugin/ready: ",
    "plugin/kubernetes: ",
    "reflector.go:",
    "Trace[",
    "Starting node-cache image",
)
_CUT = ("failed to create fsnotify watcher", "failed to watch directory")


class _Mark(Enum):
    OTHER = 0
    BANNER = 1
    WAITING = 2
    PREPARING = 3
    FIRST = 4
    """`maxprocs:` is the very first line of a process (1.12.0+)."""


class Life(Struct):
    """One life while it is read."""

    number: int
    first_ns: int | None = None
    last_ns: int | None = None
    start_seen: bool = False
    version: str | None = None
    config_hash: str | None = None
    n_lines: int = 0
    cut: bool = False
    zones: list[str] = field(default_factory=list)
    running: bool = False
    """True once a line came that is not printed before or while a process starts."""
    listening: bool = False

    def add(self, lines: int, first_ns: int | None, last_ns: int | None) -> None:
        """Take lines and their time span."""
        self.n_lines += lines
        self.first_ns = least(self.first_ns, first_ns)
        self.last_ns = greatest(self.last_ns, last_ns)


def _mark(text: str) -> _Mark:
    if _LISTENER.match(text) or _VERSION.match(text) or _PLATFORM.match(text):
        return _Mark.BANNER
    if text.startswith(_MAXPROCS):
        return _Mark.FIRST
    if any(w in text[:160] for w in _WAITING):
        return _Mark.WAITING
    return _Mark.PREPARING if any(w in text[:160] for w in _BEFORE_START) else _Mark.OTHER


class Lives:
    """Follows one stream and cuts it into lives."""

    def __init__(self) -> None:
        self.all: list[Life] = []
        self.now: Life | None = None
        """The life that is on."""

    def see(self, number: int, text: str, at_ns: int | None) -> bool:
        """Take a line that is no query; True when a new life begins with it."""
        mark = _mark(text)
        life = self.now
        begins = life is None or life.cut or self._starts_anew(life, text, mark)
        if begins or life is None:
            life = self.now = Life(number)
            self.all.append(life)
        _note(life, text, mark)
        self.count(at_ns)
        return begins

    def see_query(self, number: int) -> bool:
        """Take a query line, which is counted elsewhere; True when a new life begins with it."""
        life = self.now
        begins = life is None or life.cut
        if begins or life is None:
            life = self.now = Life(number)
            self.all.append(life)
        life.running = True
        return begins

    def count(self, at_ns: int | None, lines: int = 1) -> None:
        """Add lines to the life that is on."""
        life = self.now
        if life is not None:
            life.add(lines, at_ns, at_ns)

    @staticmethod
    def _starts_anew(life: Life, text: str, mark: _Mark) -> bool:
        if mark is _Mark.FIRST:
            return life.n_lines > 0 and (life.running or life.listening)
        if mark is _Mark.WAITING:
            return life.running and (life.listening or not life.start_seen)
        if mark is _Mark.BANNER:
            version = _VERSION.match(text)
            if version is not None:
                return life.running and life.version is not None
            return life.running and _LISTENER.match(text) is not None
        return False


def _note(life: Life, text: str, mark: _Mark) -> None:
    """What the line tells of the life."""
    if mark is _Mark.OTHER:
        found = _HASH.match(text)
        if found is not None:
            life.config_hash = found[1]
        elif text.startswith(_CUT):
            life.cut = True
        elif not text.startswith(("[WARNING] ", "[INFO] Reloading")) or life.listening:
            life.running = True
        return
    if mark is not _Mark.PREPARING:
        life.start_seen = True
    if mark is not _Mark.BANNER:
        return
    life.listening = True
    version, listener = _VERSION.match(text), _LISTENER.match(text)
    if version is not None:
        life.version = version[1]
    elif listener is not None and listener[1] not in life.zones and len(life.zones) < 256:
        life.zones.append(listener[1])
