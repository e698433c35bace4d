"""What log streams say: lines, their meaning, and counts of query lines."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field


class FailureKind(StrEnum):
    """How a query (or a call of the API server) failed, from the words of the error."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    NO_ROUTE = "no_route"
    UNREACHABLE = "unreachable"
    NOT_PERMITTED = "not_permitted"
    RESET = "reset"
    EOF = "eof"
    MALFORMED = "malformed"
    TLS = "tls"
    OVERLOAD = "overload"
    OTHER = "other"


class Answer(StrEnum):
    """Where the answer of a query-log line came from, as its flags, size and duration tell."""

    LOCAL = "local"
    """Authoritative, from a plugin of CoreDNS itself (kubernetes, hosts, file): `aa` without `ra`."""
    CACHE = "cache"
    """From CoreDNS' cache: `aa,ra` (until 1.14.7), or `ra` in under 0.3 ms."""
    UPSTREAM = "upstream"
    """Forwarded and answered: `ra` without `aa`."""
    FAILED = "failed"
    """No upstream answered: flags or rcode `-`, `NOERROR - 0`, or SERVFAIL `qr,rd` made by CoreDNS."""
    REJECTED = "rejected"
    """Turned away at once by `max_concurrent`: `- - 0` or REFUSED `qr,rd` within a millisecond."""
    UNKNOWN = "unknown"


LOST = frozenset({Answer.FAILED, Answer.REJECTED})
"""No server's answer reached the client."""


def is_failed(rcode: str, answer: Answer) -> bool:
    """Whether a client got neither a record nor the word that there is none, whoever said so."""
    return answer in LOST or rcode not in {"NOERROR", "NXDOMAIN"}


class Citation(Struct, frozen=True):
    """Where a statement can be read again."""

    file: str
    line: int
    """1-based line number in `file`."""
    text: str
    """The line as it stands there, at most 400 characters, not yet escaped for any output."""


class Line(Struct, frozen=True):
    """A log line without its framing."""

    text: str
    file: str
    number: int
    """1-based line number in `file`."""
    replica: str | None = None
    """Pod name from framing or document; None when nothing tells."""
    at_ns: int | None = None
    """Nanoseconds since the epoch, UTC, from framing or CoreDNS' own stamp; None when the line carries no time."""
    container: str | None = None


class Meaning(Struct, frozen=True):
    """What one distinct message says. Equal texts have equal meanings, so it is found once per text."""

    message_id: str
    """Id in `rules/messages`, e.g. `forward.read-timeout`; `unknown` when nobody understands the text."""
    plugin: str | None = None
    """Corefile name of the plugin that speaks (`forward`, `kubernetes`, `errors` …), `kubelet`, `core`, `caddy` …"""
    level: str | None = None
    """DEBUG, INFO, WARNING, ERROR, FATAL, PANIC; None for text without a level."""
    label: str = "unknown"
    """A cause id of the vocabulary that this line alone suggests, or `startup`, `info`, `noise`, `unknown`."""
    kind: FailureKind | None = None
    upstream: str | None = None
    """`ip:port` that was asked, IPv6 in brackets; None when the line names none (or masks it)."""
    local_addr: str | None = None
    """IP of CoreDNS itself (left of `->`), without port: the replica's pod address; None if not told."""
    proto: str | None = None
    """`udp`, `tcp`, `tcp-tls`; None if not told."""
    qname: str | None = None
    """Lower case, with the trailing dot; None when the line names no query."""
    qtype: str | None = None
    rcode: str | None = None
    """By name: SERVFAIL, REFUSED …; for `plugin/errors` the number in front of the name, translated."""
    weight: int = 1
    """Failures this line stands for; above 1 only for a `consolidate` summary."""
    over_s: float | None = None
    """Seconds that a `consolidate` summary covers."""
    probe: bool = False
    """True for the `loop` plugin's own HINFO query: two all-digit labels before the zone."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Other typed parts of the message by name: `zone`, `api_type`, `address`, `hash`, `version`, `reason` …"""

    def told_of(self, qname: str | None, *, probe: bool, local_addr: str | None) -> Meaning:
        """The same said of another query by another replica; `replace` takes more than twice as long."""
        return Meaning(
            self.message_id,
            self.plugin,
            self.level,
            self.label,
            self.kind,
            self.upstream,
            local_addr,
            self.proto,
            qname,
            self.qtype,
            self.rcode,
            self.weight,
            self.over_s,
            probe,
            self.fields,
        )

    @property
    def understood(self) -> bool:
        """False when no message of the catalogue matches."""
        return self.message_id != "unknown"


class Entry(Struct, frozen=True):
    """One line that is not a query, with its meaning."""

    line: Line
    meaning: Meaning
    until_ns: int | None = None
    """The last of the lines that it stands for, where their own were not kept."""

    @property
    def citation(self) -> Citation:
        """Where it stands."""
        return Citation(self.line.file, self.line.number, self.line.text[:400])


class Query(Struct, frozen=True):
    """One line of the query log (plugin `log`), in whatever format enough fields remain."""

    client: str | None
    """Client address without port."""
    qname: str
    """Lower case, trailing dot."""
    qtype: str
    rcode: str
    """By name; `-` when the line shows none."""
    flags: str
    """Comma list as printed (`qr,rd,ra`); `-` or empty when nothing was answered."""
    size_bytes: int | None
    """Size of the answer; None if not told."""
    duration_s: float | None
    answer: Answer
    proto: str | None = None
    upstream: str | None = None
    """From `{/forward/upstream}` of a custom format; None otherwise."""
    probe: bool = False
    """True for the `loop` plugin's own HINFO query."""


class QueryCount(Struct, frozen=True):
    """Query-log lines of one key, counted."""

    replica: str | None
    minute: int | None
    """Minutes since the epoch (`at_ns // 60e9`); None without a clock."""
    zone: str
    """The Corefile zone or forward zone that serves the name; `.` for the rest."""
    qtype: str
    rcode: str
    """By name; `-` when the log shows none."""
    answer: Answer
    duration_log2: int | None
    """floor(log2(milliseconds)), so 0 is 1 to 2 ms, 11 is 2.0 to 4.1 s; negative below 1 ms; None if not told."""
    count: int
    minutes: int = 1
    """Minutes that are counted together, from `minute` on: more than one when there are too many rows."""


class ClientCount(Struct, frozen=True):
    """Query-log lines of the clients of one network, counted."""

    replica: str | None
    minute: int | None
    """Minutes since the epoch; None without a clock."""
    network: str
    """`10.244.3.0/24`, `fd00:1::/64`; what is no address stands as it is."""
    queries: int
    failed: int
    """Those among them whose client got neither a record nor the word that there is none."""
    minutes: int = 1
    """Minutes that are counted together, from `minute` on."""


class NameCount(Struct, frozen=True):
    """How often one name was answered in one way: kept for names with any answer other than NOERROR, capped.

    What CoreDNS itself answers as it should, NOERROR or NXDOMAIN, is not counted by name.
    Where the rows do not fit, only names with a low hash are watched, and those are counted to the end.
    """

    replica: str | None
    qname: str
    qtype: str
    rcode: str
    answer: Answer
    count: int
    first_ns: int | None
    last_ns: int | None
    citation: Citation
    """The first such line."""
    stands_for: int = 1
    """Names of which this one is a sample: those with a higher hash were not watched."""


class QueryFailure(Struct, frozen=True):
    """One failed query of the query log, kept one by one up to a cap (times exact)."""

    replica: str | None
    at_ns: int | None
    qname: str
    qtype: str
    duration_s: float | None
    rcode: str
    answer: Answer
    client: str | None
    citation: Citation
    probe: bool = False
    """True for the `loop` plugin's own query."""
    stands_for: int = 1
    """Lines of which this one is a sample, chosen by client and name."""


class Segment(Struct, frozen=True):
    """One life of a process inside a stream: from a start banner (or the stream's beginning) to the next."""

    replica: str | None
    file: str
    first_ns: int | None
    last_ns: int | None
    start_seen: bool
    """True when the banner of a start stands in it: what came before is not missing."""
    version: str | None
    """`1.9.3`, from the banner; None when it is not shown."""
    config_hash: str | None
    n_lines: int
    cut: bool = False
    """True when the kubelet's inotify text ended the stream: what came after is missing."""
    previous: bool = False
    zones: tuple[str, ...] = ()
    """Listeners of the banner (`.:53`)."""


class Stream(Struct, frozen=True):
    """Coverage of one document, per replica in it."""

    file: str
    framing: str
    replica: str | None
    lines: int
    understood: int
    queries: int
    """Query-log lines among `understood`."""
    unknown_samples: tuple[Citation, ...]
    first_ns: int | None
    last_ns: int | None
    notes: tuple[str, ...] = ()
    """Catalogue keys: `note.utf16`, `note.assumed-utc`, `note.replica-from-address` …"""
    skipped: int = 0
    """Lines of prose or decoration that were not read as log."""
    previous: bool = False
    last_answers: Mapping[Answer, Citation] = field(default_factory=dict)
    """The last query line of this replica by where its answer came from: what still worked at the end."""


class Ledger(Struct, frozen=True):
    """What became of the lines of one log document, whatever replicas they belong to."""

    document: str
    """`Document.name`."""
    framing: str
    file_lines: int
    """Lines that the document has, as its newlines count them; a last one without newline counts."""
    lines: int
    """Lines read as log. Glued lines count each, joined ones once, repeats as often as the user counted them."""
    understood: int
    skipped: int
    """Prose, decoration, lines of other programs and containers, and lines that stand in another document too."""
    blank: int
    unknown_samples: tuple[Citation, ...]
    first_ns: int | None
    last_ns: int | None
    notes: tuple[str, ...] = ()


class Observations(Struct, frozen=True):
    """What all log streams together say."""

    entries: tuple[Entry, ...] = ()
    queries: tuple[QueryCount, ...] = ()
    names: tuple[NameCount, ...] = ()
    clients: tuple[ClientCount, ...] = ()
    failures: tuple[QueryFailure, ...] = ()
    segments: tuple[Segment, ...] = ()
    streams: tuple[Stream, ...] = ()
    overflow: Mapping[str, int] = field(default_factory=dict)
    """Table name to lines that were counted in a coarser table only, because this one was full."""
    ledger: tuple[Ledger, ...] = ()
    """One for each log document, in the order of their names."""
