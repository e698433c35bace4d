"""What a group knows of its signs: how many are alike, which are the first, and how many look-ups they are."""

from __future__ import annotations

from tests.analysis.made import group, sign
from triage.analysis.sign import CHECK

SIGNS = (
    sign("b", "x.example.", 0.0, text="first"),
    sign("a", "x.example.", 1.0, symptom="upstream-refused", text="second"),
    sign("b", "y.example.", 2.0, symptom="upstream-refused", text="third"),
    sign("b", "x.example.", 3.0, symptom="probe-silent", probe=True, text="fourth"),
    sign("a", "z.example.", 4.0, text="fifth"),
    sign(f"{CHECK}n1", "x.example.", symptom="upstream-silent", text="sixth"),
)


def test_signs_alike_are_counted_and_the_first_of_them_come_in_their_order() -> None:
    of = group(*SIGNS)
    n, first = of.hits(lambda kin: kin.symptom in {"upstream-silent", "upstream-refused"})
    assert (n, [s.citation.text for s in first]) == (5, ["first", "second", "third"])
    assert of.hits(lambda kin: kin.symptom == "overload") == (0, ())


def test_look_ups_are_counted_by_what_is_asked_for() -> None:
    of = group(*SIGNS)
    assert of.by_replica == {"a": 2.0, "b": 2.0}
    assert of.counts == {"probe-silent": 1.0, "upstream-refused": 2.0, "upstream-silent": 3.0}
    assert of.n_lookups(lambda s: not s.probe) == 5.0
    assert of.lookups(lambda s: None if s.replica == "b" else s.replica) == {"a": 2.0, f"{CHECK}n1": 1.0}


def test_checks_are_no_lines() -> None:
    of = group(*SIGNS)
    assert (of.failing, len(of.lines)) == ({"a", "b"}, 5)
    assert group(*SIGNS[:5]).lines == SIGNS[:5]
