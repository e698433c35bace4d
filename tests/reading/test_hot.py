"""The short way says what the long way says: big documents are streamed, small ones are mended."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from tests.reading.framings import FRAMINGS, NS, WITHOUT_POD, Line, each, rfc3339
from tests.reading.test_framing import PODS, START_NS, TEXTS, comparable
from triage.model.observation import Observations
from triage.reading import Limits

DOCKER = "docker-json as docker writes it"
WRITERS: dict[str, Callable[[Sequence[Line]], str]] = {
    **FRAMINGS,
    **WITHOUT_POD,
    "plain": each(lambda _t, _p, x: x),
    "prefix": each(lambda _t, p, x: f"[pod/{p}/coredns] {x}"),
    DOCKER: each(
        lambda t, _, x: (
            '{"log":"' + x.replace("\\", "\\\\").replace('"', '\\"') + f'\\n","stream":"stdout","time":"{rfc3339(t)}"}}'
        )
    ),
}


def big(n: int = 900) -> list[Line]:
    """A log longer than what is looked at before reading, with everything a log has."""
    rng = random.Random(7)
    made = []
    for i in range(n):
        client = rng.choice(["10.1.0.7", "10.1.0.8", "[fd00::7]"])
        name = rng.choice(["a.example.", "b.example.", 'q\\"u.example.', "c[ERROR].example."])
        tail = rng.choice(
            ["NOERROR qr,rd,ra 94 0.0371s", "NXDOMAIN qr,aa,rd 94 0.000121s", "- - 0 0.000019s", "- - 0 6.1s"]
        )
        query = f'[INFO] {client}:{rng.randint(1, 9999)} - {i} "A IN {name} udp 33 false 512" {tail}'
        made.append((START_NS + i * NS, PODS[i % 2], query if i % 9 else TEXTS[i // 9 % len(TEXTS)]))
    return made


@pytest.mark.parametrize("framing", WRITERS)
def test_short_and_long_way_agree(framing: str, observe: Callable[..., Observations]) -> None:
    text = WRITERS[framing](big())
    assert len(text) > 1 << 16
    streamed = observe({"a.log": text}, replica="r", limits=Limits(mend_bytes=0))
    mended = observe({"a.log": text}, replica="r")
    assert comparable(streamed) == comparable(mended)
    assert streamed.streams == mended.streams
    assert sum(q.count for q in streamed.queries) > 800


@pytest.mark.parametrize("duration", ["s", ".s", "1.s", "1.2.3s", "0.000s", "-1s", "1e5s", "1.5"])
def test_a_broken_duration_goes_the_long_way(duration: str, observe: Callable[..., Observations]) -> None:
    whole = '[INFO] 10.1.0.7:5 - 6 "A IN a.example. udp 33 false 512" NOERROR qr,rd,ra 94 '
    seen = observe({"a.log": f"{whole}0.5s\n{whole}{duration}\n"}, replica="r")
    assert seen.streams[0].lines == 2


def test_each_class_of_duration_is_told_apart(observe: Callable[..., Observations]) -> None:
    durations = [0.00005, 0.00015, 0.00025, 0.00035, 0.0009, 0.0011, 0.9, 1.5, 12.0]
    lines = [
        f'[INFO] 10.1.0.7:5 - {i} "A IN a.example. udp 33 false 512" {tail} {d:.9f}s\n'
        for i, d in enumerate(durations * 3)
        for tail in ("NOERROR qr,rd,ra 94", "REFUSED qr,rd 33", "- - 0")
    ]
    together = observe({"a.log": "".join(lines)}, replica="r").queries
    alone = [q for line in lines for q in observe({"a.log": line}, replica="r").queries]
    assert len({q.answer for q in alone}) >= 4
    for query in together:
        same = [
            q for q in alone if (q.rcode, q.answer, q.duration_log2) == (query.rcode, query.answer, query.duration_log2)
        ]
        assert query.count == len(same)
    assert sum(q.count for q in together) == len(lines)
