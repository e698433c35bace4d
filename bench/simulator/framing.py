"""What container runtimes, kubectl and people put around a line."""

from __future__ import annotations

import datetime as dt
import json
import re

from bench.simulator.lines import Line, stamp
from bench.simulator.releases import Release
from bench.simulator.saved import KUBELET_TEXT, MERGED, Saved

_LEVELS = {"WARNING": "WARN"}
_UTC = dt.UTC
_HEAD = re.compile(r"\[(INFO|WARNING|ERROR|FATAL)\] (?:plugin/(\w+): )?")


def frame(line: Line, replica: str, container: str, saved: Saved, release: Release, epoch_s: float) -> str:
    """One line as it stands in the file, without the newline."""
    at = epoch_s + line.at_s
    text = _json(line, at) if saved.json_lines else _own_clock(line, at, release)
    when = stamp(at, saved.zone)
    match saved.framing:
        case "timestamps":
            return f"{when} {text}"
        case "prefix":
            return f"[pod/{replica}/{container}] {text}"
        case "prefix-timestamps":
            return f"[pod/{replica}/{container}] {when} {text}"
        case "stern":
            return f"{replica} {container} {text}"
        case "cri":
            return f"{when} stdout F {text}"
        case "docker":
            return json.dumps(
                {"log": text + "\n", "stream": "stdout", "time": stamp(at, saved.zone)}, separators=(",", ":")
            )
        case _:
            return text


def _own_clock(line: Line, at: float, release: Release) -> str:
    """1.3.0 to 1.6.2 put their clock before lines with a level, unless caddy prints them."""
    return (
        f"{stamp(at, _UTC, 3)} {line.text}"
        if release.stamps and not line.core and line.text.startswith("[")
        else line.text
    )


def _json(line: Line, at: float) -> str:
    """The JSON form of 1.15.0; lines of the server itself keep their level inside the message."""
    head = None if line.core else _HEAD.match(line.text)
    level, plugin = (head[1], head[2]) if head else ("INFO", None)
    record: dict[str, object] = {
        "time": stamp(at, _UTC),
        "level": _LEVELS.get(level, level),
        "msg": line.text[head.end() :] if head else line.text,
    }
    if plugin or line.query:
        record["plugin"] = plugin or "log"
    return json.dumps(record | dict(line.query), separators=(",", ":"))


def log_files(
    saved: Saved,
    current: dict[str, list[Line]],
    previous: dict[str, list[Line]],
    container: str,
    release: Release,
    epoch_s: float,
) -> dict[str, str]:
    """File names and texts of all logs."""

    def text(lines: list[Line], replica: str) -> str:
        return "".join(frame(line, replica, container, saved, release, epoch_s) + "\n" for line in lines)

    def end(replica: str) -> str:
        if not saved.replicas[replica].cut:
            return ""
        return (
            f"[pod/{replica}/{container}] "
            if saved.framing.startswith("prefix")
            else f"{replica} {container} "
            if saved.framing == "stern"
            else ""
        ) + KUBELET_TEXT

    if saved.framing not in MERGED:
        files = {f"{name}.log": text(lines, name) + end(name) for name, lines in current.items()}
        return files | {f"{name}.previous.log": text(lines, name) for name, lines in previous.items() if lines}
    if saved.interleaved and not any(saved.replicas[name].cut for name in current):
        rows = sorted((line.at_s, i, name, line) for name, lines in current.items() for i, line in enumerate(lines))
        return {"all-replicas.log": "".join(text([line], name) for _, _, name, line in rows)}
    return {"all-replicas.log": "".join(text(lines, name) + end(name) for name, lines in current.items())}
