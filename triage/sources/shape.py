"""The kind of a text that is of one kind as a whole, by its content; the name only breaks ties."""

from __future__ import annotations

import ipaddress
import re

from msgspec import Struct, field

from triage.model.bundle import Kind
from triage.model.late import late
from triage.sources import names, signs
from triage.sources.tools import host_in_name, tool_in


class Shape(Struct, frozen=True):
    """What a text is."""

    kind: Kind
    why_ignored: str | None = None
    command: str | None = None
    host: str | None = None
    hints: dict[str, str] = field(default_factory=dict)


_PRIVATE_KEY = late(r"-----BEGIN (?:[A-Z ]+ )?PRIVATE KEY-----")
_TOKEN = late(r"\s*eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}\s*")
_KUBECONFIG = late(r"^(?:apiVersion|kind|clusters|contexts|current-context|users|preferences)\s*:", re.MULTILINE)
_KIND_CONFIG = late(r"^kind:\s*[\"']?Config[\"']?\s*$|\"kind\"\s*:\s*\"Config\"", re.MULTILINE)
_DESCRIBE_NAME = late(r"^Name:\s+\S", re.MULTILINE)
_DESCRIBES: tuple[tuple[str, Kind], ...] = (
    (r"^Data\s*\n====", Kind.COREFILE),
    (r"^(?:Capacity|Allocatable|Addresses):\s*$|^Roles:\s", Kind.NODES),
    (r"^(?:Init )?Containers:\s*$|^Node:\s+\S", Kind.PODS),
)
_MANY_ROWS = 3


def secret_reason(text: str) -> str | None:
    """Why this text must not be used: it opens something. None for everything else."""
    head = text[:65536]
    if _PRIVATE_KEY.search(head):
        return "ignored.private-key"
    if _TOKEN.fullmatch(head):
        return "ignored.token"
    if "clusters" not in head and "current-context" not in head:
        return None
    if _KIND_CONFIG.search(head):
        return "ignored.kubeconfig"
    config_keys = {m.group().split(":")[0].strip() for m in _KUBECONFIG.finditer(head)}
    return "ignored.kubeconfig" if {"clusters", "contexts", "users"} <= config_keys else None


def describe_kind(text: str) -> Kind | None:
    """Kind of a `kubectl describe` output; None if it is none."""
    head = text[:200_000]
    if not _DESCRIBE_NAME.search(head[:4000]):
        return None
    return next((kind for pattern, kind in _DESCRIBES if re.search(pattern, head, re.MULTILINE)), None)


def table_of(text: str) -> Kind | None:
    """Kind of a kubectl table with or without its head line; None if it is none of the tables we read."""
    lines = [line for line in text[:65536].splitlines() if line.strip()]
    if not lines:
        return None
    kinds = {"pods": Kind.PODS, "nodes": Kind.NODES, "events": Kind.EVENTS, "other": Kind.IGNORED}
    heads = next((kind for line in lines[:5] if (kind := signs.table_kind(line))), None)
    if heads:
        return kinds[heads]
    rows = [signs.row_kind(line) for line in lines[:50]]
    for kind in ("pods", "nodes", "events"):
        if rows.count(kind) >= max(1, 0.8 * len(rows)):
            return kinds[kind]
    return None


def is_subnets(text: str) -> bool:
    r"""A flat YAML map of names to CIDRs (or lists of them).

    >>> is_subnets("master: 10.0.8.0/24  # nodes\nworker:\n- 10.0.9.0/24\n"), is_subnets("a: b\n"), is_subnets("")
    (True, False, False)
    """
    pattern = r"^[ \t]*(?:- |[^\s#:][^:\n]{0,80}:)[ \t]*([^#\n]*)"
    found = False
    for match in re.finditer(pattern, text[:65536], re.MULTILINE):
        for word in re.split(r"[\s,\[\]\"']+", match[1]):
            if word and word != "-":
                if "/" not in word or not _is_network(word):
                    return False
                found = True
    return found


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


_SURE = 200
"""Lines of which the half makes a log."""


def log_weight(text: str) -> tuple[int, int, int]:
    """Lines with strong signs of CoreDNS' log, with weak ones, and all lines that are not blank."""
    strong = 0
    for line in [line for line in text[:65536].splitlines() if line.strip()][:_SURE]:
        strong += signs.is_log_line(line)
        if 2 * strong > _SURE:
            return strong, strong, _SURE
    lines = [line for line in text[:262144].splitlines() if line.strip()]
    strong = sum(signs.is_log_line(line) for line in lines[:3000])
    weak = sum(signs.is_logish_line(line) for line in lines[:3000])
    return strong, weak, min(len(lines), 3000)


def shape_of(text: str, name: str = "") -> Shape | None:
    r"""What a text is as a whole; None when nothing fits.

    >>> shape_of("nameserver 10.0.0.1\n", "n1.resolv.conf")
    Shape(kind=<Kind.RESOLV_CONF: 'resolv-conf'>, why_ignored=None, command=None, host='n1', hints={})
    """
    why = secret_reason(text)
    if why:
        return Shape(Kind.IGNORED, why_ignored=why)
    return _by_content(text, name) or _by_name(text, name)


def _by_content(text: str, name: str) -> Shape | None:
    base = name.rsplit("/", 1)[-1]
    table = table_of(text)
    if table is not None:
        return Shape(
            table, why_ignored="ignored.other-table" if table is Kind.IGNORED else None, hints={"form": "table"}
        )
    described = describe_kind(text)
    if described is not None:
        return Shape(described, hints={"form": "describe"})
    if signs.is_resolv_conf(text):
        return Shape(Kind.RESOLV_CONF, host=names.host_of_resolv_conf(name))
    if signs.is_corefile(text) or (base.endswith((".override", ".server")) and signs.is_plugin_part(text)):
        return Shape(Kind.COREFILE)
    if is_subnets(text):
        return Shape(Kind.SUBNETS)
    lines = [line for line in text[:65536].splitlines() if line.strip()]
    scrape = sum(signs.is_scrape_line(line) for line in lines[:200])
    if scrape and scrape >= 0.8 * min(len(lines), 200):
        return Shape(Kind.SCRAPE)
    strong, weak, n_lines = log_weight(text)
    tool = tool_in(text) if strong < 0.5 * n_lines else None
    if tool:
        return Shape(Kind.TOOL, command=tool, host=host_in_name(name))
    if strong:
        return Shape(Kind.LOG)
    stem, _ = names.stem_of(base)
    if weak and (names.speaks_of_dns(stem) or (weak >= 0.5 * n_lines and not names_other_program(stem))):
        return Shape(Kind.LOG)
    return None


_OTHER_PROGRAMS = late(
    r"apiserver|controller|scheduler|etcd|kubelet|kube-proxy|calico|cilium|flannel|weave|nginx|ingress|containerd|docker|crio|audit|messages|syslog|metrics|operator"
)


def names_other_program(stem: str) -> bool:
    """Logs of other programs hold `[ERROR]` and `i/o timeout` as well."""
    return _OTHER_PROGRAMS.search(stem.lower()) is not None


def _by_name(text: str, name: str) -> Shape | None:
    """Names decide what content leaves open: an empty resolv.conf, a log of lines nobody knows, a broken Corefile."""
    base = name.rsplit("/", 1)[-1].lower()
    stem, _ = names.stem_of(name)
    blank = not text.strip()
    if re.search(r"resolv[._-]conf", base) and _sparse(text):
        return Shape(Kind.RESOLV_CONF, host=names.host_of_resolv_conf(name))
    if (base.startswith("corefile") or base.endswith(".corefile")) and not blank:
        return Shape(Kind.COREFILE)
    if base.endswith((".log", ".log.txt", ".logs")) or blank:
        pod = names.pod_in(stem)
        is_log = names.is_dns_pod(pod) if pod else names.speaks_of_dns(stem)
        if is_log and (not blank or base.endswith((".log", ".txt", ".logs"))):
            return Shape(Kind.LOG)
    if blank:
        return Shape(Kind.IGNORED, why_ignored="ignored.empty")
    lines = [line for line in text[:65536].splitlines() if line.strip()]
    if sum(signs.is_prose_line(line) for line in lines[:200]) >= 0.3 * min(len(lines), 200):
        return Shape(Kind.PROSE)
    return None


def _sparse(text: str) -> bool:
    lines = [line.strip() for line in text[:65536].splitlines()]
    return all(not line or line[0] in "#;" or signs.is_resolv_line(line) for line in lines)
