"""Cases beside the rules: strict form, and a verdict on a report."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from triage.errors import TriageError
from triage.rulebook.cases import Case, parse_case, run_cases
from triage.rulebook.check import check
from triage.rulebook.judge import Expectation, judge
from triage.rulebook.mistakes import Mistakes
from triage.rulebook.skeleton import new_rule

MEASURES = {
    "probes_only": frozenset(),
    "kind_seen_from": frozenset({"kind", "from"}),
    "upstream_answered": frozenset(),
    "failure_share": frozenset(),
}
GOOD = Path(__file__).parent / "data" / "good"
CAUSES = ("benign", "upstream-refused", "upstream-unreachable", "forward-loop")
CASE = """\
Made up. One line.
-- coredns-aaaaa.log --
.:53
failed to create fsnotify watcher: too many open files
-- pods.txt --
NAME  READY
-- expect.yaml --
decidable: yes
first: [upstream-refused]
upstream: "10.8.8.1:53"
scope: {kind: node, member: n1}
absent: [forward-loop]
"""


def parsed(text: str, name: str = "hit") -> tuple[Case | None, tuple[str, ...]]:
    mistakes = Mistakes()
    case = parse_case(text, file=f"{name}.txtar", cause="upstream-refused", causes=CAUSES, mistakes=mistakes)
    return case, mistakes.lines()


def test_a_case_is_evidence_and_expectation() -> None:
    case, mistakes = parsed(CASE)
    assert mistakes == ()
    assert case is not None
    assert list(case.files) == ["coredns-aaaaa.log", "pods.txt"]
    assert case.files["coredns-aaaaa.log"].endswith("too many open files"), "the stream has no newline there"
    assert case.files["pods.txt"] == "NAME  READY\n"
    assert case.expect == Expectation(
        first=("upstream-refused",),
        upstreams=("10.8.8.1:53",),
        scope=("node", ("n1",)),
        absent=("forward-loop",),
    )
    assert not case.look_alike
    assert not case.real


MISTAKES = yaml.safe_load((Path(__file__).parent / "data" / "mistakes-cases.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", MISTAKES, ids=lambda row: row["says"][:50])
def test_a_mistake_in_a_case_is_told(row: dict[str, str]) -> None:
    assert CASE.count(row["old"]) == 1
    assert f"hit.txtar:{row['says']}" in parsed(CASE.replace(row["old"], row["new"]))[1]


def test_a_look_alike_never_expects_its_own_rule() -> None:
    assert parsed(CASE, "look-alike-x")[1] == (
        "look-alike-x.txtar:7: a look-alike expects its own rule 'upstream-refused' first; rename it",
    )


def test_a_case_without_evidence_is_no_case() -> None:
    text = "Recorded from CoreDNS.\n-- expect.yaml --\nfirst: [upstream-refused]\n"
    assert parsed(text)[1] == ("hit.txtar: no evidence; add a section such as -- coredns-aaaaa.log --",)


def hypothesis(cause: str, p: float, **more: object) -> dict[str, object]:
    return {"cause": cause, "probability": p, "group": 1, "upstream": None, "scope": None, **more}


NODE = {"kind": "subnet", "member": "s1", "indistinguishable": [{"kind": "node", "member": "n1"}]}
REFUSED = hypothesis("upstream-refused", 0.9, upstream="10.8.8.1:53", scope=NODE)
FULL = Expectation(
    ("upstream-refused",), upstreams=("10.8.8.1:53",), scope=("node", ("n1",)), absent=("upstream-unreachable",)
)
VERDICTS = [
    ("right", FULL, [REFUSED], ()),
    (
        "other cause",
        FULL,
        [hypothesis("forward-loop", 0.6)],
        ("first is forward-loop (0.60), expected upstream-refused",),
    ),
    ("nothing found", FULL, [], ("first is none (1.00), expected upstream-refused",)),
    (
        "other upstream",
        FULL,
        [REFUSED | {"upstream": "10.8.8.2:53"}],
        ("upstream is 10.8.8.2:53, expected 10.8.8.1:53",),
    ),
    (
        "no upstream wanted",
        Expectation(("upstream-refused",), upstreams=()),
        [REFUSED],
        ("upstream is 10.8.8.1:53, expected none",),
    ),
    (
        "other place",
        FULL,
        [REFUSED | {"scope": {"kind": "node", "member": "n2"}}],
        ("scope is node n2, expected node n1",),
    ),
    ("place not claimed", FULL, [REFUSED | {"scope": None}], ("scope is none, expected node n1",)),
    (
        "place overclaimed",
        Expectation(("upstream-refused",), scope=("", ())),
        [REFUSED],
        ("scope is subnet s1, node n1, expected no place narrower than the cluster",),
    ),
    (
        "cluster is no place",
        Expectation(("upstream-refused",), scope=("", ())),
        [REFUSED | {"scope": {"kind": "cluster", "member": None}}],
        (),
    ),
    (
        "excluded",
        FULL,
        [REFUSED | {"probability": 0.7}, hypothesis("upstream-unreachable-scoped", 0.25)],
        ("upstream-unreachable-scoped has 0.25; the evidence excludes it",),
    ),
    (
        "too sure",
        Expectation(("upstream-refused",), decidable="partly"),
        [REFUSED | {"probability": 0.97}],
        ("probability is 0.970, too sure for evidence that decides it 'partly'; below 0.95",),
    ),
    (
        "too timid",
        Expectation(("upstream-refused",), min_probability=0.95),
        [REFUSED],
        ("probability is 0.900, expected 0.95 to 1",),
    ),
    ("quiet for quiet", Expectation(("none",)), [], ()),
    ("benign for none", Expectation(("none",), decidable="no"), [hypothesis("benign", 0.98)], ()),
    ("noise for none", Expectation(("none",)), [REFUSED], ("first is upstream-refused (0.90), expected none",)),
]


@pytest.mark.parametrize(("expect", "found", "wrong"), [v[1:] for v in VERDICTS], ids=[v[0] for v in VERDICTS])
def test_a_report_is_judged(expect: Expectation, found: list[dict[str, object]], wrong: tuple[str, ...]) -> None:
    assert judge(expect, {"hypotheses": found}) == wrong


def test_a_look_alike_must_not_rank_its_rule_first() -> None:
    expect = Expectation(("upstream-unreachable", "benign"))
    report = {"hypotheses": [hypothesis("upstream-unreachable-scoped", 0.5)]}
    assert judge(expect, report, never_first="upstream-unreachable") == (
        "first is upstream-unreachable-scoped (0.50), expected upstream-unreachable or benign",
    )
    accepted = Expectation(("upstream-unreachable-scoped",))
    assert judge(accepted, report, never_first="upstream-unreachable") == (
        "first is upstream-unreachable-scoped (0.50), which this case only resembles",
    )


def test_cases_are_run_on_their_evidence_alone() -> None:
    seen: dict[str, list[str]] = {}

    def analyze(folder: Path) -> dict[str, object]:
        seen[str(folder)] = sorted(path.name for path in folder.iterdir())
        return {"hypotheses": [hypothesis("upstream-refused", 0.8, upstream="10.8.8.1:53")]}

    results = {case.file: wrong for case, wrong in run_cases(check(GOOD).cases, analyze)}
    assert results == {
        "good/benign/cases/look-alike-refused.txtar": (),
        "good/benign/cases/quiet.txtar": ("first is upstream-refused (0.80), expected none",),
        "good/upstream-refused/cases/look-alike-old-refusal.txtar": (
            "first is upstream-refused (0.80), expected benign",
            "upstream-refused has 0.80; the evidence excludes it",
        ),
        "good/upstream-refused/cases/two-replicas.txtar": ("scope is none, expected cluster",),
    }
    assert list(seen.values()).count(["coredns-aaaaa.log"]) == 3
    assert not any(Path(folder).exists() for folder in seen)


def test_every_rule_has_a_hit_and_a_look_alike(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(GOOD, folder)
    (folder / "benign/cases/quiet.txtar").unlink()
    (folder / "upstream-refused/cases/look-alike-old-refusal.txtar").rename(folder / "upstream-refused/cases/old.txt")
    assert check(folder).mistakes == (
        "rules/benign/rule.yaml: no case in which it is the cause; add cases/<name>.txtar",
        "rules/upstream-refused/cases/old.txt: a case ends in .txtar; rename it",
        "rules/upstream-refused/rule.yaml: no case that resembles it and is something else; "
        "add cases/look-alike-<name>.txtar",
    )


def test_cases_are_counted_real_and_made_up() -> None:
    counts = check(GOOD).counts()["upstream-refused"]
    assert (counts.hits, counts.look_alikes, counts.real) == (1, 1, 1)


def test_a_new_rule_passes_the_check_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(GOOD, folder)
    files = new_rule(folder, "clock-skew")
    assert [path.relative_to(folder).as_posix() for path in files] == [
        "clock-skew/rule.yaml",
        "clock-skew/cases/hit.txtar",
        "clock-skew/cases/look-alike-other.txtar",
    ]
    checked = check(folder, measures=MEASURES, names=frozenset({"namespace", "port", "upstream_ip"}))
    assert checked.mistakes == ()
    assert "#   upstream-refuses" in files[0].read_text(encoding="utf-8")
    with pytest.raises(TriageError, match="already there"):
        new_rule(folder, "clock-skew")
    with pytest.raises(TriageError, match="no id"):
        new_rule(folder, "../clock")
