"""Log lines inside JSON and CSV: docker, shippers, stores, CoreDNS' own JSON log. A table, one row a product's keys."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from triage.model.late import late
from triage.reading import decode, stamps

_MAX_DEPTH = 8
_DOCKER_CUTS_AT = 16_000
"""Docker writes a longer line as several records of 16 KiB, all but the last without newline."""
_MAX_TRIES = 200
_BEGIN = late(r"(?:^|(?<=\n))[ \t\ufeff]*[\[{]|(?<=[}\]])\s*,?\s*[\[{]|(?<=[\[{:])[ \t]*[{\[]")
"""Where a JSON value may begin: at the start of a line, or behind another one."""


class Record(NamedTuple):
    """One log line of a record; `fields` are the first of `framing.Peeled`."""

    fields: tuple[str, int | None, str | None, str | None, str | None, bool, str | None, str | None]
    framing: str


class Keys(Struct, frozen=True):
    """Where one product keeps things; paths are dotted, the first that is there counts."""

    name: str
    needs: tuple[tuple[str, ...], ...]
    """Alternatives: one of these groups must be complete."""
    text: tuple[str, ...]
    at: tuple[str, ...]
    replica: tuple[str, ...] = ()
    container: tuple[str, ...] = ()
    stream: tuple[str, ...] = ()
    host: tuple[str, ...] = ()


_TIMES = ("@timestamp", "timestamp", "time", "date", "_time", "ts")
_PODS = (
    "kubernetes.pod.name",
    "kubernetes.pod_name",
    "kubernetes.podName",
    "k8s.pod.name",
    "pod_name",
    "podName",
    "pod",
)
_CONTAINERS = (
    "kubernetes.container.name",
    "kubernetes.container_name",
    "k8s.container.name",
    "container_name",
    "containerName",
    "container",
)

KEYS: Final[tuple[Keys, ...]] = (
    Keys(
        "kubernetes-metadata",  # Fluent Bit, Fluentd, Filebeat, Vector; also the documents of Elasticsearch
        (
            ("kubernetes", "log"),
            ("kubernetes", "message"),
            ("kubernetes.pod.name", "message"),
            ("kubernetes.pod_name", "log"),
        ),
        ("log", "message", "event.original"),
        _TIMES,
        _PODS,
        _CONTAINERS,
        ("stream",),
    ),
    Keys("docker-json", (("log", "stream"), ("log", "time")), ("log",), ("time",), (), (), ("stream",)),
    Keys(
        "stern-json",
        (("message", "podName", "containerName"),),
        ("message",),
        ("timestamp",),
        ("podName",),
        ("containerName",),
    ),
    Keys("viewer-json", (("message", "pod"),), ("message",), _TIMES, ("pod",), ("container",)),  # stern extjson, kail
    Keys(
        "loki",
        (("line", "labels"), ("line", "timestamp"), ("line", "stream")),
        ("line",),
        ("timestamp", "ts"),
        (
            "labels.pod",
            "labels.pod_name",
            "stream.pod",
            "stream.pod_name",
            "labels.k8s_pod_name",
            "stream.k8s_pod_name",
        ),
        ("labels.container", "labels.container_name", "stream.container", "stream.container_name"),
        ("labels.stream", "stream.stream"),
    ),
    Keys(
        "google-cloud",
        (("textPayload",), ("jsonPayload.message",), ("jsonPayload.log",)),
        ("textPayload", "jsonPayload.message", "jsonPayload.log"),
        ("timestamp", "receiveTimestamp"),
        ("resource.labels.pod_name", "labels.k8s-pod/name"),
        ("resource.labels.container_name",),
    ),
    Keys(
        "azure",
        (("LogMessage",), ("LogEntry",)),
        ("LogMessage", "LogEntry"),
        ("TimeGenerated", "TimeOfCommand"),
        ("PodName", "Name"),
        ("ContainerName",),
        ("LogSource", "LogEntrySource"),
    ),
    Keys(
        "cloudwatch-insights",
        (("@message",),),
        ("@message",),
        ("@timestamp",),
        _PODS,
        _CONTAINERS,
        (),
    ),
    Keys(
        "cloudwatch",
        (("message", "logStreamName"), ("message", "ingestionTime"), ("message", "eventId")),
        ("message",),
        ("timestamp",),
        ("logStreamName",),
    ),
    Keys(
        "journald-json",
        (("MESSAGE",),),
        ("MESSAGE",),
        ("_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"),
        (),
        ("CONTAINER_NAME",),
        (),
        ("_HOSTNAME",),
    ),
    Keys("splunk", (("_raw",),), ("_raw",), ("_time", "time"), _PODS, _CONTAINERS),
    Keys(
        "datadog", (("attributes.message",),), ("attributes.message",), ("attributes.timestamp",), ("attributes.host",)
    ),
    Keys(
        "opentelemetry",
        (("body", "timestamp"), ("Body", "Timestamp")),
        ("body", "Body"),
        ("timestamp", "Timestamp"),
        _PODS,
    ),
    Keys(
        "shipper-json",
        (("message",), ("log",), ("line",), ("msg", "_time"), ("text", "timestamp"), ("content", "timestamp")),
        ("message", "log", "line", "msg", "text", "content"),
        (*_TIMES, "Timestamp", "datetime"),
        (*_PODS, "Pod", "instance"),
        _CONTAINERS,
        ("stream",),
        ("host", "hostname"),
    ),
)
"""Rows in their order: the more particular first."""

_LEVEL_IN_MSG = late(r"\[(?:DEBUG|INFO|WARNING|ERROR|FATAL|PANIC)\] ")
_QUERY_IN_MSG = late(r'\S+ - \d+ "\S+ \S+ \S+ \S+ \d+ \S+ \d+" \S+ \S* ?\d+ [\d.]+s')
_FLAGS_IN_MSG = late(r"(?<![\w,])qr(?:,(?:aa|tc|rd|ra|z|ad|cd)){0,7}(?![\w,])")
_LOG_STREAM = late(r"(?:^|[./])([a-z0-9-]+)_([a-z0-9-]+)_([a-z0-9-]+?)-[0-9a-f]{12,64}(?:\.log)?$")


def _get(record: Mapping[str, object], path: str) -> object:
    """The value at a dotted path; exporters also write the whole path as one key."""
    if path in record:
        return record[path]
    head, _, tail = path.partition(".")
    while tail:
        inner = record.get(head)
        if isinstance(inner, Mapping):
            return _get(inner, tail)
        more, _, tail = tail.partition(".")
        head = f"{head}.{more}"
    return None


def _first(record: Mapping[str, object], paths: Sequence[str]) -> str | None:
    for path in paths:
        value = _get(record, path)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str) and value:
            return value
    return None


def _text_of(record: Mapping[str, object], paths: Sequence[str]) -> str | None:
    for path in paths:
        value = _get(record, path)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping):
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, list) and value and all(isinstance(b, int) and 0 <= b < 256 for b in value):
            return bytes(value).decode("utf-8", errors="replace")  # journald: a message that is not plain text
    return None


def _by_keys(record: Mapping[str, object]) -> Record | None:
    for row in KEYS:
        if not any(all(_get(record, key) is not None for key in group) for group in row.needs):
            continue
        text = _text_of(record, row.text)
        if text is None:
            continue
        found = next((s for s in (stamps.any_stamp(_get(record, p)) for p in row.at) if s is not None), None)
        replica, container = _first(record, row.replica), _first(record, row.container)
        if replica is not None and (match := _LOG_STREAM.search(replica)) is not None:
            replica, container = match[1], container or match[3]
        cut = row.name == "docker-json" and not text.endswith("\n")
        partial = cut and len(text.encode("utf-8", "replace")) >= _DOCKER_CUTS_AT
        note = None if found is None or found[1] else "note.assumed-utc"
        fields = (
            text.removesuffix("\n"),
            None if found is None else found[0],
            replica,
            container,
            _first(record, row.stream),
            partial,
            note,
            _first(record, row.host),
        )
        return Record(fields, row.name)
    return None


def _coredns(record: Mapping[str, object]) -> Record | None:
    r"""CoreDNS 1.15.0+ with `-log-format=json`: its canonical text line.

    >>> _coredns({"time": "2026-10-20T10:00:00Z", "level": "WARN", "plugin": "x", "msg": "a\n"}).fields[0]
    '[WARNING] plugin/x: a'
    """
    level, message = record.get("level"), record.get("msg")
    if not isinstance(level, str) or not isinstance(message, str) or "time" not in record:
        return None
    stamp = stamps.any_stamp(record["time"])
    level = {"WARN": "WARNING"}.get(level.upper(), level.upper())
    plugin = record.get("plugin")
    if plugin == "log" and "qname" in record and _QUERY_IN_MSG.match(message) is None:
        message = _query_text(record, message)
    head = "" if plugin in (None, "log") else f"plugin/{plugin}: "
    parts = [m for m in message.split("\n") if m.strip()]
    if plugin is None and level == "INFO" and all(_is_bare(m) for m in parts):
        text = "\n".join(parts)
    else:
        # Users of Go's standard logger (caddy) keep their level inside msg, at level INFO.
        text = "\n".join(m if _LEVEL_IN_MSG.match(m) else f"[{level}] {head}{m}" for m in parts)
    return Record((text, None if stamp is None else stamp[0], None, None, None, False, None, None), "coredns-json")


def _is_bare(text: str) -> bool:
    """Start lines (`.:53`, `CoreDNS-1.15.0`, `linux/amd64, …`) have no level in a text log."""
    return (
        text.startswith(("CoreDNS-", "linux/", "maxprocs: ")) or re.fullmatch(r"\S*:\d+(?: on \S+)?", text) is not None
    )


def _query_text(record: Mapping[str, object], message: str) -> str:
    """A query record whose `msg` follows a custom format, in the common format; only `msg` has the flags."""

    def field(name: str) -> str:
        value = record.get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        return "-" if value is None or value == "" else str(value)

    flags = _FLAGS_IN_MSG.search(message)
    answered = record.get("rcode") not in (None, "", "-")
    seconds = record.get("duration_seconds")
    return (
        f'{field("client_ip")}:{field("client_port")} - {field("id")} "{field("qtype")} {field("qclass")} '
        f'{field("qname")} {field("protocol")} {field("request_size")} {field("dnssec_ok")} {field("bufsize")}" '
        f"{field('rcode')} {flags[0] if flags else 'qr' if answered else '-'} "
        f"{record.get('response_size') if isinstance(record.get('response_size'), int) else 0} "
        f"{format(seconds, '.9f') if isinstance(seconds, (int, float)) else '0.0'}s"
    )


def of_object(value: object, depth: int = 0) -> Iterator[Record]:
    """All log lines in one JSON value: a record, an answer of a store, a list of them."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from of_object(item, depth + 1)
        return
    if not isinstance(value, Mapping):
        return
    inner = list(_unwrapped(value))
    if inner:
        for item in inner:
            yield from of_object(item, depth + 1)
        return
    record = _coredns(value) or _by_keys(value)
    if record is not None:
        yield record


def _unwrapped(value: Mapping[str, object]) -> Iterator[object]:
    """The records inside an answer's envelope; nothing when the value is a record itself."""
    source = value.get("_source") or value.get("fields") if "_index" in value or "_source" in value else None
    if isinstance(source, Mapping):
        yield source
    elif isinstance(value.get("result"), Mapping) and "_raw" in value["result"]:  # type: ignore[operator]
        yield value["result"]
    elif isinstance(value.get("stream"), Mapping) and isinstance(value.get("values"), list):
        yield from _loki_stream(value["stream"], value["values"])  # type: ignore[arg-type]
    elif isinstance(value.get("columns"), list) and isinstance(value.get("rows"), list):
        yield from _table(value["columns"], value["rows"])  # type: ignore[arg-type]
    elif "message" not in value and "log" not in value and "textPayload" not in value:
        for key in ("hits", "data", "streams", "result", "results", "events", "tables", "entries", "responses", "logs",
                    "rawResponse", "items", "response"):  # fmt: skip
            if isinstance(value.get(key), (Mapping, list)):
                yield from _envelope(value[key])


def _envelope(inner: object) -> Iterator[object]:
    """The inside of an envelope; CloudWatch Insights has its fields as a list of names and values."""
    for item in inner if isinstance(inner, list) else [inner]:
        if isinstance(item, list) and item and all(isinstance(f, Mapping) and "field" in f for f in item):
            yield {str(f["field"]): f.get("value") for f in item}
        else:
            yield item


def _loki_stream(labels: Mapping[str, object], values: list[object]) -> Iterator[object]:
    for value in values:
        if isinstance(value, list) and len(value) >= 2:
            yield {"line": value[1], "timestamp": value[0], "labels": labels}


def _table(columns: list[object], rows: list[object]) -> Iterator[object]:
    names = [str(c.get("name")) if isinstance(c, Mapping) else str(c) for c in columns]
    for row in rows:
        if isinstance(row, list):
            yield dict(zip(names, row, strict=False))


def _parse(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def of_line(line: str) -> list[Record]:
    """The log lines of one line of JSON; empty when it is none."""
    if not line.rstrip().endswith("}"):
        return []
    value = _parse(line)
    return list(of_object(value)) if isinstance(value, Mapping) else []


def is_whole_json(head: str) -> bool:
    r"""Whether the document must be parsed as a whole: an array, or an object over several lines.

    >>> is_whole_json('{"log":"x"}\n{"log":"y"}'), is_whole_json('{\n  "hits": {'), is_whole_json('[INFO] x')
    (False, True, False)
    """
    text = head.lstrip()
    if text.startswith("["):
        return re.match(r'\[\s*[\[{]|\[\s*$|\[\s*"', text) is not None
    first = text.split("\n", 1)[0].rstrip()
    return text.startswith("{") and (not first.endswith("}") or first.endswith("{}")) and _parse(first) is None


def of_json(text: str) -> list[tuple[int, Record]]:
    """The lines of a JSON document with the number of the line where each stands."""
    found: list[tuple[int, Record]] = []
    at, number = 0, 1
    for begin, value in _values(text):
        number, at = number + text.count("\n", at, begin), begin
        for record in of_object(value):
            message = record.fields[0].split("\n", 1)[0]
            place = _find(text, message, at)
            if place >= 0:
                number += text.count("\n", at, place)
                at = place
            found.append((number, record))
    return found


def _values(text: str) -> Iterator[tuple[int, object]]:
    """Every JSON value one behind the other, with its place; where the text is cut, what is whole inside of it."""
    decoder = json.JSONDecoder()
    at, tries = 0, _MAX_TRIES
    while tries and (start := _BEGIN.search(text, at)) is not None:
        try:
            value, at = decoder.raw_decode(text, start.end() - 1)
            yield start.start(), value
        except (ValueError, RecursionError):
            at = start.end()
            tries -= 1


def _find(text: str, message: str, start: int) -> int:
    """Where the message stands in the raw JSON, however its writer escaped it; -1 if it cannot be told."""
    for ascii_only in (False, True):
        spelt = json.dumps(message, ensure_ascii=ascii_only)[1:-1]
        place = text.find(spelt, start)
        if place >= 0:
            return place
    return text.find(
        json.dumps(message)[1:-1].replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"), start
    )


_CSV_TEXT = frozenset(
    {"message", "@message", "log", "line", "msg", "_raw", "logmessage", "logentry", "textpayload", "content"}
    | {"jsonpayload.message", "_source.message"}
)


def is_lines(head: bytes) -> bool:
    r"""Whether what begins so is UTF-8 text that is read line by line.

    >>> is_lines(b"[INFO] Reloading\n"), is_lines(b'{\n  "hits": {'), is_lines("[INFO] x".encode("utf-16"))
    (True, False, False)
    """
    if decode.encoding_of(head) != "utf-8":
        return False
    start = head.decode("utf-8", errors="replace").replace("\0", "").removeprefix("\ufeff")
    return not is_whole_json(start) and csv_dialect(start.split("\n", 1)[0].rstrip("\r")) is None


def csv_dialect(first_line: str) -> str | None:
    """The delimiter, if the line is a table head that names a message column beside others.

    >>> csv_dialect('"@timestamp",message,"kubernetes.pod.name"'), csv_dialect("[INFO] a, message")
    (',', None)
    """
    for delimiter in (",", ";", "\t"):
        names = [_name(n).lower() for n in first_line.split(delimiter)]
        if len(names) > 1 and _CSV_TEXT.intersection(names) and all(re.fullmatch(r"[\w@.\-/ ]*", n) for n in names):
            return delimiter
    return None


def _name(raw: str) -> str:
    """A column's name without quotes and units (`"TimeGenerated [UTC]"`)."""
    return raw.strip().strip("\ufeff\"'").split(" [")[0].removeprefix("_source.")


def of_csv(text: str, delimiter: str) -> list[tuple[int, Record]]:
    """The lines of a CSV export with the number of the line where each record begins."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    found: list[tuple[int, Record]] = []
    names: list[str] = []
    begins = 1
    for row in _rows(reader):
        if not names:
            names = [_name(n) for n in row]
        else:
            record = {n: v for n, v in zip(names, row, strict=False) if v != ""}
            found.extend((begins, r) for r in of_object(record))
        begins = reader.line_num + 1
    return found


def _rows(reader: Iterable[list[str]]) -> Iterator[list[str]]:
    """Rows up to the first that the csv module refuses (a field of more than 128 KiB)."""
    try:
        yield from reader
    except csv.Error:
        return
