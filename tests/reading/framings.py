"""Writers of every framing, to read them back: they put a frame around (time, pod, text)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

NS = 1_000_000_000
Line = tuple[int, str, str]
"""Nanoseconds, pod, text."""


def rfc3339(at_ns: int, digits: int = 9) -> str:
    seconds, rest = divmod(at_ns, NS)
    clock = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{clock}.{rest:09}"[: 20 + digits] + "Z"


def stamp(at_ns: int, form: str) -> str:
    return datetime.fromtimestamp(at_ns // NS, UTC).strftime(form)


def each(write: Callable[[int, str, str], str]) -> Callable[[Sequence[Line]], str]:
    return lambda lines: "".join(write(*line) + "\n" for line in lines)


def _cri_cut(at_ns: int, pod: str, text: str) -> str:
    half = len(text) // 2
    return f"{rfc3339(at_ns)} stdout P {text[:half]}\n{rfc3339(at_ns)} stdout F {text[half:]}"


def _loki_answer(lines: Sequence[Line]) -> str:
    streams: dict[str, list[list[str]]] = {}
    for at_ns, pod, text in lines:
        streams.setdefault(pod, []).append([str(at_ns), text])
    result = [{"stream": {"pod": p, "container": "coredns"}, "values": v} for p, v in streams.items()]
    return json.dumps({"status": "success", "data": {"resultType": "streams", "result": result}}, indent=1)


def _hits(lines: Sequence[Line]) -> str:
    hits = [
        {"_index": "logs", "_source": {"@timestamp": rfc3339(t), "log": text, "kubernetes": {"pod_name": pod}}}
        for t, pod, text in lines
    ]
    return json.dumps({"took": 3, "hits": {"total": {"value": len(hits)}, "hits": hits}}, indent=2)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    return out.getvalue()


def _azure(lines: Sequence[Line]) -> str:
    columns = [{"name": n, "type": "string"} for n in ("TimeGenerated", "PodName", "ContainerName", "LogMessage")]
    rows = [[rfc3339(t), pod, "coredns", text] for t, pod, text in lines]
    return json.dumps({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]})


def _insights(lines: Sequence[Line]) -> str:
    results = [
        [
            {"field": "@timestamp", "value": rfc3339(t).replace("T", " ").rstrip("Z")},
            {"field": "kubernetes.pod_name", "value": pod},
            {"field": "@message", "value": text},
        ]
        for t, pod, text in lines
    ]
    return json.dumps({"results": results, "status": "Complete"}, indent=4)


FRAMINGS: dict[str, Callable[[Sequence[Line]], str]] = {
    "prefix+timestamps": each(lambda t, p, x: f"[pod/{p}/coredns] {rfc3339(t)} {x}"),
    "stern+timestamps": each(lambda t, p, x: f"{p} coredns {rfc3339(t)} {x}"),
    "stern-all-namespaces": each(lambda t, p, x: f"kube-system {p} coredns {rfc3339(t)} {x}"),
    "stern-coloured": each(lambda t, p, x: f"\x1b[38;5;9m{p}\x1b[0m \x1b[92mcoredns\x1b[0m {rfc3339(t)} {x}"),
    "stern-json": each(
        lambda t, p, x: json.dumps(
            {
                "message": f"{rfc3339(t)} {x}",
                "nodeName": "n",
                "namespace": "k",
                "podName": p,
                "containerName": "coredns",
            }
        )
    ),
    "stern-extjson": each(
        lambda t, p, x: json.dumps({"pod": p, "container": "coredns", "message": f"{rfc3339(t)} {x}"})
    ),
    "kail": each(lambda t, p, x: f"kube-system/{p}[coredns]: {rfc3339(t)} {x}"),
    "k9s": each(lambda t, p, x: f"{p}:coredns {rfc3339(t)} {x}"),
    "grep": each(
        lambda t, p, x: f"/var/log/containers/{p}_kube-system_coredns-0123456789ab.log:{rfc3339(t)} stdout F {x}"
    ),
    "prefix+cri": each(lambda t, p, x: f"[pod/{p}/coredns] {rfc3339(t)} stdout F {x}"),
    "logcli": each(lambda t, p, x: f'{rfc3339(t)} {{container="coredns", pod="{p}"}} {x}'),
    "loki-jsonl": each(
        lambda t, p, x: json.dumps({"labels": {"pod": p, "container": "coredns"}, "line": x, "timestamp": rfc3339(t)})
    ),
    "loki-answer": _loki_answer,
    "elastic-hits": _hits,
    "elastic-jsonl": each(
        lambda t, p, x: json.dumps(
            {"_index": "i", "_source": {"@timestamp": rfc3339(t), "message": x, "kubernetes": {"pod": {"name": p}}}}
        )
    ),
    "elastic-csv": lambda lines: _table(
        ["@timestamp", "message", "kubernetes.pod.name"], [[rfc3339(t), x, p] for t, p, x in lines]
    ),
    "fluent-bit": each(
        lambda t, p, x: json.dumps(
            {
                "time": rfc3339(t),
                "stream": "stdout",
                "log": x + "\n",
                "kubernetes": {"pod_name": p, "container_name": "c"},
            }
        )
    ),
    "fluent-bit-around-cri": each(
        lambda t, p, x: json.dumps({"log": f"{rfc3339(t)} stdout F {x}", "kubernetes": {"pod_name": p}})
    ),
    "cloudwatch-events": lambda lines: json.dumps(
        {
            "events": [
                {
                    "logStreamName": f"node.var.log.containers.{p}_kube-system_coredns-0123456789abcdef.log",
                    "timestamp": t // 1_000_000,
                    "message": json.dumps({"log": f"{rfc3339(t)} stdout F {x}"}),
                    "ingestionTime": 1,
                }
                for t, p, x in lines
            ]
        }
    ),
    "cloudwatch-insights": _insights,
    "cloudwatch-tail": each(
        lambda t, p, x: f"{rfc3339(t)} node.var.log.containers.{p}_kube-system_coredns-0123456789abcdef.log {x}"
    ),
    "google-cloud": lambda lines: json.dumps(
        [
            {
                "insertId": "i",
                "textPayload": x,
                "timestamp": rfc3339(t),
                "resource": {"type": "k8s_container", "labels": {"pod_name": p, "container_name": "coredns"}},
            }
            for t, p, x in lines
        ],
        indent=2,
    ),
    "azure-answer": _azure,
    "azure-csv": lambda lines: _table(
        ["TimeGenerated [UTC]", "PodName", "LogEntry"], [[rfc3339(t), p, x] for t, p, x in lines]
    ),
    "azure-cli": lambda lines: json.dumps(
        [{"TimeGenerated": rfc3339(t), "Name": p, "LogEntry": x, "TableName": "PrimaryResult"} for t, p, x in lines],
        indent=2,
    ),
}
"""Framings that tell pod and time of each line."""

WITHOUT_POD: dict[str, Callable[[Sequence[Line]], str]] = {
    "timestamps": each(lambda t, _, x: f"{rfc3339(t)} {x}"),
    "timestamps-offset": each(lambda t, _, x: f"{rfc3339(t + 7200 * NS)[:-1]}+02:00 {x}"),
    "cri": each(lambda t, _, x: f"{rfc3339(t)} stdout F {x}"),
    "cri-cut": each(_cri_cut),
    "docker-json": each(
        lambda t, _, x: json.dumps({"log": x + "\n", "stream": "stdout", "time": rfc3339(t)}, ensure_ascii=False)
    ),
    "docker-json-go": each(
        lambda t, _, x: (
            json.dumps({"log": x + "\n", "stream": "stdout", "time": rfc3339(t)})
            .replace(">", "\\u003e")
            .replace("<", "\\u003c")
        )
    ),
    "journal-json": each(
        lambda t, _, x: json.dumps(
            {"MESSAGE": f"{rfc3339(t)} {x}", "_HOSTNAME": "h", "__REALTIME_TIMESTAMP": str(t // 1000)}
        )
    ),
    "rfc5424": each(lambda t, _, x: f"<30>1 {rfc3339(t)} node-1 coredns 1116 - - {x}"),
}
"""Framings that tell the time only."""

COARSE: dict[str, tuple[Callable[[Sequence[Line]], str], str]] = {
    "go-stamp": (each(lambda t, _, x: f"{stamp(t, '%Y/%m/%d %H:%M:%S')} {x}"), "note.assumed-utc"),
    "clf-stamp": (each(lambda t, _, x: f"{stamp(t, '%d/%b/%Y:%H:%M:%S +0000')} {x}"), ""),
    "own-milliseconds": (each(lambda t, _, x: f"{rfc3339(t // NS * NS, 3)} {x}"), ""),
    "syslog": (each(lambda t, _, x: f"{stamp(t, '%b %e %H:%M:%S')} node-1 coredns[1116]: {x}"), "note.assumed-year"),
    "journal-iso": (each(lambda t, _, x: f"{stamp(t, '%Y-%m-%dT%H:%M:%S+0000')} node-1 coredns[1116]: {x}"), ""),
    "kibana": (each(lambda t, _, x: f"{stamp(t, '%b %d, %Y @ %H:%M:%S')}.000 {x}"), "note.assumed-utc"),
}
"""Framings whose clock has seconds, and the note that they get."""
