"""Signs in a text's lines that tell what it is. Each is anchored or bounded: odd lines cost nothing."""

from __future__ import annotations

import re

from triage.model.late import late
from triage.sources.wordlist import words

MAX_LINE = 4000
"""Longer lines are looked at by their beginning only."""

_LOG_STRONG = late(
    r"plugin/[a-z_0-9]{2,30}: "
    r"|\bCoreDNS-\d+\.\d+"
    r"|linux/(?:amd64|arm64|arm|386|ppc64le|s390x|riscv64|mips64le), go1\."
    r'|"[A-Za-z0-9]{1,12} (?:IN|CH|HS|ANY|CLASS\d+) \S{1,1100} (?:udp|tcp|udp6|tcp6|tls|https|quic|grpc) '
    r"|\\?\"(?:A|AAAA|PTR|SRV|NS|MX|TXT|HINFO|SOA|CNAME|HTTPS|SVCB) IN \S{1,1100} (?:udp|tcp)"
    r"|\b[A-Z0-9]{1,12}: (?:unreachable backend: )?(?:read|write|dial|select) (?:udp|tcp)"
    r"|\b\d+ \S{1,255} (?:HINFO|A|AAAA|PTR|SRV|NS|MX|TXT|SOA): \S"
    r"|\d errors like '"
    r"|\[(?:INFO|WARNING|ERROR|FATAL|PANIC)\] (?:Reloading|SIG(?:TERM|USR1)|Restart|Shutting|Recovered from|Listen)"
    r"|Starting node-cache image|Setting up networking for node cache|Tearing down"
    r"|(?:interface|device|back|-|for) nodelocaldns"
    r"|Updated Corefile with|Using Corefile "
    r"|Error checking/adding iptables rule|Added interface - nodelocaldns|Reading Corefile"
    r"|failed to create fsnotify watcher|failed to watch (?:file|directory) \""
    r"|Error during parsing: |Corefile:\d+ - |loading Caddyfile|could not start listening"
    r"|error inspecting server blocks"
    r"|Listen: listen (?:tcp|udp)|ListenPacket: listen|listen (?:tcp|udp) \S{0,60}:53: bind:"
    r"|Loop \(\S+ -> \S+\) detected|more than twice, loop detected|Forwarding loop detected"
    r"|exec /coredns: |cannot serve \S{1,260} - |unable to retrieve container logs for"
    r"|resolving symlinks in path \"/var/log/pods"
    r"|starting server with unsynced Kubernetes API|Kubernetes API connection failure|waiting for Kubernetes API before"
    r"|maxprocs: [A-Z]|DialWithDialer timed out|overflowing header size"
    r"|no next plugin found"
    r"|healthcheck? of \S{1,80}:\d+ failed|healtheck of|HINFO: "
)
_LOG_USUAL = late(r'plugin/[a-z_0-9]{2,30}: |"[A-Za-z0-9]{1,12} IN \S{1,1100} (?:udp|tcp) ')
"""What most lines have, found sooner."""
_LOG_WEAK = late(
    r"\[(?:INFO|WARNING|WARN|ERROR|FATAL|DEBUG|PANIC)\b|\b(?:reflector|trace|controller)\.go:\d+"
    r"|i/o timeout|connection refused|no route to host|too many open files|\b[EWIF]\d{4} \d\d:\d\d:\d\d"
    r"|^panic: |^fatal error: |^\[signal SIG|^goroutine \d+ \["
    r"|failed to list \*|is forbidden: User|plugin/|concurrent queries|lameduck"
)
_TALK = late(r"(?:(?:[A-Za-z][A-Za-z'’-]*|i/o)[.,:;?!]?(?:\s+|$)){5,200}")
"""Words only, as people write of an error; a program would name an address, a file or a number."""
_ZONE_LINE = late(
    r"(?:^|\s)(?:(?:dns|tls|https|grpc|quic)://)?(?:[A-Za-z0-9_*.-]{0,253}\.):\d{1,5}(?: on \S{1,80})?\s*$"
)

_POD_TABLE = late(r"^(?:NAMESPACE\s+)?NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE")
_POD_ROW = late(
    r"^(?:[a-z0-9-]{1,63}\s+)?(?:pod/)?[a-z0-9][a-z0-9.-]{2,252}\s+\d{1,2}/\d{1,2}"
    r"\s+[A-Z][A-Za-z:]+(?:/\S+)?(?:\s+\d+(?: \([^)]{1,30}\))?\s+\S{1,12}|\s*$)"
)
_NODE_TABLE = late(r"^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION")
_NODE_ROW = late(r"^[a-z0-9][a-z0-9.-]{0,252}\s+(?:Not)?Ready\S*\s+\S+\s+\S+\s+v1\.\d+")
_EVENT_TABLE = late(r"^(?:NAMESPACE\s+)?(?:LAST SEEN|FIRST SEEN|LASTSEEN|TIME|CREATED AT)\s.*\b(?:REASON|MESSAGE)\b")
_EVENT_ROW = late(
    r"^(?:\S{1,63}\s+)?(?:\d+[smhd]\S*|<unknown>)\s.{0,40}?\b(?:Normal|Warning)\s+[A-Z][A-Za-z]+\s+\S*[a-z]+/\S+"
)
_OTHER_TABLE = late(r"^(?:NAMESPACE\s+)?NAME\s+[A-Z][A-Z()-]+(?:\s|$)")

_SCRAPE = late(r"^(?:# (?:HELP|TYPE) [a-zA-Z_:]\w*|(?:coredns|go|process|nodecache)_\w+(?:\{[^}]*\})? [-+0-9.eEIN])")
_RESOLV = late(r"^\s*(?:nameserver\s+[0-9a-fA-F:.%\w]+|(?:search|domain|options|sortlist)(?:\s+\S.*)?)\s*(?:[#;].*)?$")
_RESOLV_WORDS = ("nameserver", "search", "domain", "options", "sortlist")
_NAMESERVER = late(r"^[ \t]*nameserver[ \t]+[0-9a-fA-F:.%\w]+", re.MULTILINE)
_COMMENT = late(r"^\s*(?:[#;].*)?$")

PLUGINS = words(
    "root metadata geoip cancel tls quic proxyproto timeouts multisocket reload nsid bufsize bind debug "
    "trace ready health pprof prometheus "
    "errors log dnstap local dns64 acl any chaos loadbalance tsig cache rewrite header dnssec autopath "
    "minimal template transfer hosts "
    "route53 azure clouddns k8s_external kubernetes file auto secondary etcd loop forward grpc erratic "
    "whoami on sign view import proxy "
    "nomad kubeapi k8s_event fanout alternate multicluster startup shutdown federation reverse finalize snippet"
)
_BLOCK_HEAD = late(r"^\s*(?:\(\w+\)|[^\s{}#:\[\"'=]*[^\s{}#\"'=]*(?:[ ,]+[^\s{}#\"'=]+){0,40})\s*\{\s*(?:#.*)?$")


def is_log_line(line: str) -> bool:
    """True for a line with a sign that only CoreDNS, node-cache or the kubelet's log reader give."""
    head = line[:MAX_LINE]
    if _LOG_USUAL.search(head) is not None:
        return True
    return _LOG_STRONG.search(head) is not None or _ZONE_LINE.search(head.rstrip()[-600:]) is not None


def is_logish_line(line: str) -> bool:
    """Could it be a line of CoreDNS' log? Many programs write such lines."""
    return _LOG_WEAK.search(line[:MAX_LINE]) is not None and _TALK.fullmatch(line[:MAX_LINE].strip()) is None


def strip_mark(line: str) -> str:
    """A table's row without a comment mark that somebody put in front."""
    return line.removeprefix("#").lstrip() if line.startswith("#") else line.rstrip()


def table_kind(line: str) -> str | None:
    """`pods`, `nodes`, `events` or `other` for the head line of a kubectl table, else None.

    >>> (table_kind("NAMESPACE     NAME   READY   STATUS   RESTARTS   AGE"),
    ...  table_kind("# NAME  STATUS  ROLES  AGE  VERSION"),
    ...  table_kind("Name: x"))
    ('pods', 'nodes', None)
    """
    text = strip_mark(line[:MAX_LINE])
    for kind, pattern in (
        ("pods", _POD_TABLE),
        ("nodes", _NODE_TABLE),
        ("events", _EVENT_TABLE),
        ("other", _OTHER_TABLE),
    ):
        if pattern.match(text):
            return kind
    return None


def row_kind(line: str) -> str | None:
    """`pods`, `nodes` or `events` for a row of a table without head, else None.

    >>> (row_kind("coredns-6799fbcd5-x8qwz   0/1   CrashLoopBackOff"),
    ...  row_kind("k8s-m01  Ready  <none>  9d  v1.24.9"),
    ...  row_kind("[INFO] Reloading"))
    ('pods', 'nodes', None)
    """
    text = strip_mark(line[:MAX_LINE])
    for kind, pattern in (("pods", _POD_ROW), ("nodes", _NODE_ROW), ("events", _EVENT_ROW)):
        if pattern.match(text):
            return kind
    return None


def is_scrape_line(line: str) -> bool:
    """A line of Prometheus' text format as CoreDNS serves it."""
    return _SCRAPE.match(line[:MAX_LINE]) is not None


def is_resolv_line(line: str) -> bool:
    """A line that belongs into a resolv.conf (comments and blank lines are no sign)."""
    return _RESOLV.match(line[:MAX_LINE]) is not None


def is_resolv_conf(text: str) -> bool:
    r"""Nothing but resolver options, comments and blank lines, and at least one nameserver or two options.

    >>> (is_resolv_conf("# by hand\nnameserver 10.0.0.1\n"),
    ...  is_resolv_conf("search here\nfor more\n"),
    ...  is_resolv_conf(""))
    (True, False, False)
    """
    head = text[:65536]
    lines = head.splitlines() if any(word in head for word in _RESOLV_WORDS) else ()
    signs = sum(is_resolv_line(line) for line in lines)
    if not signs:
        return False
    rest = sum(not is_resolv_line(line) and not _COMMENT.match(line[:MAX_LINE]) for line in lines)
    return rest <= signs // 4 and (_NAMESERVER.search(text) is not None or signs > 1)


def is_block_head(line: str) -> bool:
    """True where a server block or a snippet of a Corefile could begin."""
    return len(line) <= MAX_LINE and line.rstrip().endswith("{") and _BLOCK_HEAD.match(line) is not None


def first_word(line: str) -> str:
    """The first token of a line, empty for blank lines."""
    parts = line[:MAX_LINE].split(None, 1)
    return parts[0] if parts else ""


def is_corefile(text: str) -> bool:
    r"""A block whose lines begin with names of plugins; or, for `*.override` parts, plugin lines alone.

    >>> (is_corefile(".:53 {\n  errors\n  forward . /etc/resolv.conf\n}\n"),
    ...  is_corefile('{"a": {\n}}'),
    ...  is_corefile("server {\n listen 80;\n}"))
    (True, False, False)
    """
    lines = text[:65536].splitlines()
    if not is_block_head(next((line for line in lines if not _COMMENT.match(line[:MAX_LINE])), "")):
        return False
    lines = [line for line in lines if not _COMMENT.match(line[:MAX_LINE])]
    known = sum(first_word(line) in PLUGINS for line in lines[1:])
    return known >= 1 and known >= 0.2 * (len(lines) - 1)


def is_plugin_part(text: str) -> bool:
    """Lines of plugins without a server block around: what `*.override` of coredns-custom holds."""
    lines = [line for line in text[:65536].splitlines() if not _COMMENT.match(line[:MAX_LINE])]
    return bool(lines) and first_word(lines[0]) in PLUGINS and ":" not in first_word(lines[0])


_SENTENCE_END = (".", ":", "?", "!", "。", "：", "？", "！", "，", ",", ";", "；")


def is_prose_line(line: str) -> bool:
    """Natural language, in any script, and surely no output of a program.

    >>> (is_prose_line("We saw this on two masters since Monday, but not elsewhere."),
    ...  is_prose_line("主节点上的 DNS 解析超时"))
    (True, True)
    >>> (is_prose_line("[ERROR] plugin/errors: 2 a. A: read udp"),
    ...  is_prose_line("nameserver 10.0.0.1"),
    ...  is_prose_line("Reloading complete"))
    (False, False, False)
    >>> is_prose_line("we see i/o timeout again and again"), is_prose_line("dial tcp 10.0.0.1:53: i/o timeout")
    (True, False)
    """
    text = line[:MAX_LINE].strip().lstrip(">*-#• ").strip()
    if not text or is_log_line(text) or is_logish_line(text) or text.startswith(("[", "{", "(")):
        return False
    if _LOG_WEAK.search(text):
        return True  # talk about an error
    foreign = sum(c.isalpha() and ord(c) > 0x24F for c in text)
    if foreign >= 2 and foreign >= 0.08 * len(text) and '"' not in text:
        return True
    words = [
        w for w in text.split() if w.strip(".,:;!?()'\"`").replace("-", "").replace("'", "").replace("’", "").isalpha()
    ]
    enough = text.split()[0].strip("\"'`,").isalpha() and len(words) >= 5 and len(words) >= 0.6 * len(text.split())
    return enough and (text.endswith(_SENTENCE_END) or len(words) >= 9)
