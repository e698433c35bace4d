"""Logs whose replicas nobody named: told apart by their own addresses, or one that nothing names."""

from __future__ import annotations

from msgspec.structs import replace

from tests.analysis.asking import ask_stdin, say
from tests.analysis.made import context, draft, group, inputs, sign
from triage.analysis.titles import titles_of
from triage.model.report import Report, Scope
from triage.pipeline import catalogue, load_rulebook
from triage.render.sentences import hit
from triage.render.words import Words


def failed(*addresses: str) -> bytes:
    said = "[ERROR] plugin/errors: 2 n{n}.example{n}.org. A: read udp {address}:3000->10.0.0.2:53: i/o timeout\n"
    return "".join(said.format(n=n, address=addresses[n % len(addresses)]) for n in range(40)).encode()


QUERY = b'[INFO] 10.244.7.1:4000 - 1 "A IN a.example.org. udp 40 false 512" NOERROR qr,rd,ra 80 0.003s\n'


def hits(report: Report) -> str:
    return hit(report, Words(catalogue(load_rulebook(None), "en")))


def rows(report: Report) -> dict[str, tuple[int, int]]:
    return {r.name: (r.lines, r.failures) for r in report.coverage.replicas}


def test_replicas_told_apart_by_their_addresses_have_rows_of_their_own() -> None:
    found = ask_stdin(failed("10.244.0.9", "10.244.1.9"))
    assert rows(found) == {"10.244.0.9": (20, 20), "10.244.1.9": (20, 20)}
    assert "2 of 2 replicas" in say(found.hypotheses[0].title)
    assert hits(found).startswith("2 of 2 replicas (10.244.0.9, 10.244.1.9)")


def test_lines_that_name_no_replica_are_those_of_one_of_the_others_or_of_nobody() -> None:
    found = ask_stdin(failed("10.244.0.9", "10.244.1.9") + 10 * QUERY)
    assert rows(found) == {"": (10, 0), "10.244.0.9": (20, 20), "10.244.1.9": (20, 20)}
    assert hits(found).startswith("2 of 2 replicas")


def test_one_replica_without_a_name_is_hit_all_the_same() -> None:
    found = ask_stdin(failed("10.244.0.9") + 10 * QUERY)
    assert rows(found) == {"": (50, 40)}
    assert hits(found).startswith("a replica that nothing names")


def test_explanations_that_differ_in_their_place_only_say_it() -> None:
    given, of = inputs(), group(sign(symptom="overload"), family="overload")
    drafts = [
        replace(draft("forward-overload", p), scope=Scope(kind, member, ()) if kind else None)
        for p, kind, member in ((0.5, "cluster", None), (0.3, "node", "n1"), (0.1, None, None))
    ]
    told = [say(title) for title in titles_of(drafts, context(of, given))]
    assert len(set(told)) == 3
    assert told[1].endswith(", for node n1 only")
    assert told[2].endswith(", for some replicas only")
    assert say(titles_of(drafts[1:2], context(of, given))[0]) == told[0]
