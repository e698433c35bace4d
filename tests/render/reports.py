"""Reports made by hand: the founding incident, a healthy cluster, two faults, and one full of hostile names."""

from __future__ import annotations

from triage.model.bundle import Gap
from triage.model.cells import CellRow, Cells, FailureCount, FaultRow
from triage.model.observation import Citation
from triage.model.report import (
    CheckStep,
    Coverage,
    Evidence,
    Expectation,
    FileCoverage,
    FixStep,
    Hypothesis,
    Member,
    ReplicaCoverage,
    Report,
    Scope,
    Window,
)
from triage.model.text import Text

SECOND = 1_000_000_000
TEN_OCLOCK = 1_764_064_800 * SECOND
TOOL = {"version": "0.1.0", "rules": "0123456789ab", "kernel": "python"}

TEXTS = {
    "t.dead": "{upstream} does not answer the replicas of {place}",
    "t.dead.explain": "Queries for names outside the cluster go to {upstream}, and no answer comes back.",
    "t.lost": "a single packet was lost on the way",
    "t.files": "the kubelet on {node} ran out of inotify watchers and cut the stream; no DNS fault",
    "t.one": "{n} query to {upstream} was not answered in time",
    "t.silent": "{replica} shows no failure; it is not known whether it asked",
    "t.level": "graded statement {n}",
    "t.metrics": "whether {upstream} answers others was not tested",
    "t.on": "on {node}",
    "t.answer": "an answer comes back",
    "t.timeout": "it times out",
    "t.alive": "the server lives; the first name is the trouble",
    "t.path": "the way from {node} to {upstream} is cut",
    "t.fix": "open UDP and TCP port 53 from {node} to {upstream}",
    "t.fix.when": "a firewall stands between the subnets",
    "t.note": "node {node} has no label for its availability zone",
    "t.hostile": "{qname} and {node}",
    "gap.t-log.wanted": "a query log of {replica}",
    "gap.t-log.reason": "the plugin log is not in the Corefile",
    "gap.t-short": "no pod list",
    "ignored.t": "a picture",
}

ONE, TWO = "coredns-5d78c9869d-aaaaa", "coredns-5d78c9869d-bbbbb"
NODE, UPSTREAM = "edge-m1", "10.20.0.53:53"
LINE = Citation(
    f"{ONE}.log",
    4,
    "[ERROR] plugin/errors: 2 api.example.org. AAAA: read udp 10.32.0.7:4242->10.20.0.53:53: i/o timeout",
)
SUBNET = Scope("subnet", "front", (ONE,), (Member("node", NODE), Member("replica", ONE)))

DIG = CheckStep(
    id="second-name",
    command="dig @10.20.0.53 +time=2 +tries=2 example.com A",
    where=(Text("t.on", {"node": NODE}), Text("t.on", {"node": "edge-w1"})),
    effect="reads",
    expect=(
        Expectation(Text("t.answer"), Text("t.alive")),
        Expectation(Text("t.timeout"), Text("t.path", {"node": NODE, "upstream": UPSTREAM})),
    ),
    gain_bits=0.81,
)

DEAD = Hypothesis(
    id="a1b2c3d4e5f60718",
    rank=1,
    group=1,
    cause="upstream-unreachable-scoped",
    title=Text("t.dead", {"upstream": UPSTREAM, "place": "subnet front"}),
    probability=0.4519,
    severity="degraded",
    upstream=UPSTREAM,
    upstreams=(UPSTREAM,),
    scope=SUBNET,
    explained_share=1.0,
    prior=0.12,
    evidence=(
        Evidence("one", Text("t.one", {"n": 1, "upstream": UPSTREAM}), "for", None, 0.0, (LINE,)),
        Evidence("level", Text("t.level", {"n": 1}), "for", "strong", 2.4, (LINE, LINE, LINE)),
        Evidence("silent", Text("t.silent", {"replica": TWO}), "against", "weak", -0.4),
        Evidence("metrics", Text("t.metrics", {"upstream": UPSTREAM}), "untested", None, 0.0),
    ),
    next_checks=(DIG,),
    fix=(FixStep(Text("t.fix", {"node": NODE, "upstream": UPSTREAM}), Text("t.fix.when")),),
    references=("https://coredns.io/plugins/forward/",),
)
LOST = Hypothesis(
    id="b1b2c3d4e5f60718",
    rank=2,
    group=1,
    cause="benign",
    title=Text("t.lost"),
    probability=0.3301,
    severity="none",
    explained_share=1.0,
)
FILES = Hypothesis(
    id="c1b2c3d4e5f60718",
    rank=3,
    group=2,
    cause="inotify-exhausted",
    title=Text("t.files", {"node": NODE}),
    probability=0.97,
    severity="none",
    scope=Scope("node", NODE, (ONE,)),
    explained_share=0.5,
    first_ns=TEN_OCLOCK,
    last_ns=TEN_OCLOCK + 90 * SECOND,
)

COVERAGE = Coverage(
    replicas=(
        ReplicaCoverage(
            ONE, NODE, "front", 5, 4, 0, 1, (Citation(LINE.file, 5, "what is this"),), None, None, cut=True
        ),
        ReplicaCoverage(TWO, "edge-w1", "back", 3, 3, 0, 0, (), TEN_OCLOCK, TEN_OCLOCK + SECOND // 2),
        ReplicaCoverage("coredns-5d78c9869d-ccccc", None, None, 0, 0, 0, 0, (), None, None, has_log=False),
    ),
    files=(
        FileCoverage(f"{ONE}.log", "log", "plain", 5, 4, (Citation(LINE.file, 5, "what is this"),)),
        FileCoverage("photo.png", "ignored", why_ignored=Text("ignored.t")),
        FileCoverage("mail.txt", "prose", None, 12, skipped=12),
    ),
)

EMPTY = Report(TEN_OCLOCK, TOOL, None, Window(), None, (), Coverage(), (), 0.0)

HEALTHY = Report(
    generated_ns=TEN_OCLOCK,
    tool=TOOL,
    cluster={"context": "prod", "server_version": "v1.31.2", "distribution": None},
    window=Window("all", TEN_OCLOCK, TEN_OCLOCK + 3600 * SECOND),
    active=False,
    hypotheses=(),
    coverage=Coverage((COVERAGE.replicas[1],), COVERAGE.files[:1]),
    gaps=(),
    unexplained_share=0.0,
)

SCOPED = Report(
    generated_ns=TEN_OCLOCK,
    tool=TOOL,
    cluster=None,
    window=Window(),
    active=None,
    hypotheses=(DEAD, LOST),
    coverage=COVERAGE,
    gaps=(
        Gap(
            "gap.t-log",
            {"replica": TWO},
            ("upstream-unreachable",),
            "kubectl -n kube-system get configmap coredns -o yaml",
        ),
        Gap("gap.t-short"),
    ),
    unexplained_share=0.0,
    affected=(ONE,),
    notes=(Text("t.note", {"node": NODE}),),
)

TWO_FAULTS = Report(
    generated_ns=TEN_OCLOCK,
    tool=TOOL,
    cluster=None,
    window=Window(None, TEN_OCLOCK, TEN_OCLOCK + 3600 * SECOND),
    active=True,
    hypotheses=(DEAD, LOST, FILES),
    coverage=COVERAGE,
    gaps=(),
    unexplained_share=0.25,
    affected=(ONE,),
    failing_share=0.125,
    cells=Cells(
        "subnet",
        TEN_OCLOCK,
        300.0,
        (
            CellRow("front", UPSTREAM, (0, 4, 30, 12, 0, 2), (40, 38, 44, 40, 41, 39)),
            CellRow("back", UPSTREAM, (0, 0, 0, None, 0, 0), (50, 52, 49, 0, 51, 50)),
            CellRow(None, None, (None, 1, None, None, None, None)),
        ),
        2,
        (FaultRow(1, (0, 4, 30, 12, 0, 2)), FaultRow(2, (0, 1, 0, 0, 0, 0))),
        (FailureCount("timeout", UPSTREAM, 48), FailureCount("other", None, 1)),
        3,
    ),
)

NASTY = "\x1b[2J\u202ex|`y`.<script>alert(1)</script>.@all.#1.[a](http://evil.example/).\u2028\x85www.evil.example."


def hostile(name: str, other: str = "``` ~~~ </details> {node} %s") -> Report:
    """A report with this name in every place where a name can stand."""
    text = Text("t.hostile", {"qname": name, "node": other})
    line = Citation(f"a|`b\x07`{name}.log", 1, f"```\n{name}\r\n/close")
    lead = Hypothesis(
        id="d1b2c3d4e5f60718",
        rank=1,
        group=1,
        cause="upstream-unreachable",
        title=text,
        probability=0.5,
        severity="degraded",
        upstream=name,
        upstreams=(name, UPSTREAM),
        zone=name,
        scope=Scope("subnet", name, (name,), tuple(Member("node", f"{i}{name}") for i in range(12))),
        evidence=(Evidence("e", text, "for", "weak", 0.1, (line,)),),
        next_checks=(CheckStep("c", f"dig {name}", (text,), "needs-root", (Expectation(text, text),)),),
        fix=(FixStep(text, text),),
        references=(name,),
    )
    return Report(
        generated_ns=TEN_OCLOCK,
        tool=TOOL,
        cluster={"context": name},
        window=Window(name),
        active=None,
        hypotheses=(lead,),
        coverage=Coverage(
            (ReplicaCoverage(name, name, name, 1, 0, 0, 1, (line,), 10**30, -(10**30), name),),
            (FileCoverage(line.file, "log", None, 1, 0, (line,), notes=(text,)),),
        ),
        gaps=(Gap("gap.t-log", {"replica": name}, (), f"kubectl {name}"),),
        unexplained_share=1.0,
        affected=(name,),
        notes=(text,),
        cells=Cells(
            "node",
            TEN_OCLOCK,
            60.0,
            (CellRow(name, name, (0, None, 3), (5, 0, 9)),),
            0,
            (FaultRow(1, (0, 0, 3)),),
            (FailureCount("timeout", name, 3),),
        ),
    )


HOSTILE = hostile(NASTY)
REPORTS = {"empty": EMPTY, "healthy": HEALTHY, "hostile": HOSTILE, "scoped-timeout": SCOPED, "two-faults": TWO_FAULTS}
