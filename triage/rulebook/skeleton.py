"""A new rule to fill in: it loads and passes the check at once, and says in comments what to replace."""

from __future__ import annotations

import re
from pathlib import Path

from triage.errors import TriageError
from triage.rulebook.load import rules_folder
from triage.rulebook.locate import read_file
from triage.rulebook.mistakes import Mistakes

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

_RULE = """\
# Every number and every text below is an example: replace all of them. The form is told in the README of the rules.
id: CAUSE
prior: 0.01              # how often this is the cause of trouble, among all causes
severity: degraded       # outage, degraded or none: what a client notices while it lasts
names_upstream: false    # true when the cause is about an upstream and must name it
# What the cause shows, and how often it does. Known symptoms:
SYMPTOMS
symptoms: {}
# Where it strikes, with weights; leave it empty when the cause has no place.
scopes: {cluster: 0.5, node: 0.3, replica: 0.2}
# Two numbers each: how often this is seen if it is the cause, and how often otherwise.
evidence:
  - {id: only-probes, measure: probes_only, p_if_cause: 0.05, p_otherwise: 0.2}
# A command whose outcome tells this cause from others, and how likely each outcome is.
checks:
  - id: pods
    command: kubectl get pods -n {namespace} -o wide
    where: anywhere
    effect: reads
    separates: []
    outcomes:
      restarts: {p: {CAUSE: 0.7, otherwise: 0.1}}
      steady: {p: {CAUSE: 0.3, otherwise: 0.9}}
fixes:
  - {id: first}
references: []
look_alikes: []
text:
  en:
    title: "CAUSE: one sentence that names what is broken"
    explain: Two or three sentences for someone who has never met this cause.
    term.only-probes: "every failure is a probe of CoreDNS itself"
    term.only-probes.against: "clients' queries failed, not only probes"
    term.only-probes.untested: "whether clients' queries failed"
    check.pods.restarts: a replica has restarted
    check.pods.restarts.means: what that says about this cause
    check.pods.steady: no replica has restarted
    check.pods.steady.means: what that says about this cause
    fix.first: What cures it.
  zh:                    # the same keys and {names}; leave the section out as long as your rules speak English only
    title: "CAUSE：用一句话说明什么坏了"
    explain: 用两三句话向从未遇到过这种情况的人解释原因。
    term.only-probes: "所有失败都是 CoreDNS 自身的探测"
    term.only-probes.against: "客户端的查询也失败了，不只是探测"
    term.only-probes.untested: "不清楚客户端的查询是否失败"
    check.pods.restarts: 有副本重启过
    check.pods.restarts.means: 这对该原因意味着什么
    check.pods.steady: 没有副本重启过
    check.pods.steady.means: 这对该原因意味着什么
    fix.first: 如何修复。
"""
_HIT = """\
Made up. Replace this by evidence in which CAUSE is the cause; say where the lines come from.
-- coredns-aaaaa.log --
[ERROR] plugin/errors: 2 one.example.net. A: a line that this cause prints
-- expect.yaml --
decidable: partly
first: [CAUSE]
"""
_LOOK_ALIKE = """\
Made up. Replace this by evidence that resembles CAUSE and has another reason, or none.
-- coredns-aaaaa.log --
[ERROR] plugin/errors: 2 one.example.net. A: a line that resembles it
-- expect.yaml --
decidable: partly
first: [none]
absent: [CAUSE]
"""


def new_rule(folder: Path, cause: str) -> list[Path]:
    """Write a rule with one hit and one look-alike into a folder of rules; the files, the rule first.

    Raises `TriageError` for an id of another form and for a rule that is already there.
    """
    if not _ID.fullmatch(cause):
        raise TriageError(
            "'{cause}' is no id", hint="use lower-case letters, digits and hyphens between: clock-skew", cause=cause
        )
    target = folder / cause
    if target.exists():
        raise TriageError("{path} is already there", hint="edit its rule.yaml, or choose another id", path=target)
    comment = "\n".join(f"#   {line}" for line in _symptoms(folder))
    files = {
        target / "rule.yaml": _RULE.replace("SYMPTOMS", comment),
        target / "cases" / "hit.txtar": _HIT,
        target / "cases" / "look-alike-other.txtar": _LOOK_ALIKE,
    }
    try:
        (target / "cases").mkdir(parents=True)
        for path, text in files.items():
            path.write_text(text.replace("CAUSE", cause), encoding="utf-8")
    except OSError as error:
        raise TriageError(
            "{path} cannot be written: {why}",
            hint="choose a folder that exists and that you may write to",
            path=target,
            why=error.strerror or error,
        ) from error
    return list(files)


def _symptoms(folder: Path) -> list[str]:
    """Symptom ids, a few a line: of the folder, else of the rules that came with the program."""
    name = "symptoms.yaml"
    path = folder / name if (folder / name).is_file() else rules_folder() / name
    source = read_file(path, name, Mistakes())
    listed = source.data if source is not None and isinstance(source.data, list) else []
    known = [str(one["id"]) for one in listed if isinstance(one, dict) and "id" in one]
    return [", ".join(known[at : at + 6]) for at in range(0, len(known), 6)] or ["none; write symptoms.yaml first"]
