"""Pasted text, as people paste it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from triage.model.observation import Meaning, Observations

FAILED = "[ERROR] plugin/errors: 2 shop.example. AAAA: read udp 192.168.234.207:60486->10.0.2.3:53: i/o timeout"
SLOW = '[INFO] 10.2.0.4:3333 - 17 "A IN shop.example. udp 30 false 512" - - 0 2.000381630s'


def box(lines: list[str], width: int) -> str:
    rows = [line[i : i + width] for line in lines for i in range(0, len(line), width)]
    top = "┌" + " Logs(kube-system/coredns-5d-x7:coredns)[tail] ".center(width + 2, "─") + "┐"
    return "\n".join([top, *(f"│ {row.ljust(width)} │" for row in rows), "└" + "─" * (width + 2) + "┘", ""])


def hard_wrapped(width: int) -> str:
    return "\n".join(line[i : i + width] for line in (FAILED, SLOW, FAILED) for i in range(0, len(line), width)) + "\n"


PASTED = {
    "box": box([FAILED, SLOW, FAILED], 120),
    "box that wraps": box([FAILED, SLOW, FAILED], 90),
    "terminal of 80": hard_wrapped(80),
    "terminal of 97": hard_wrapped(97),
    "mail": "".join(f"> {line}\n" for line in (FAILED, SLOW, FAILED)),
    "mail twice": "".join(f"> >  {line}\n" for line in (FAILED, SLOW, FAILED)),
    "fence": f"Here they are:\n```\n{FAILED}\n{SLOW}\n{FAILED}\n```\nWhat is wrong?\n",
    "comment": "".join(f"# {line}\n" for line in (FAILED, SLOW, FAILED)),
    "list": "".join(f"{n}. {line}\n" for n, line in enumerate((FAILED, SLOW, FAILED), 1)),
    "entities": "".join(line.replace(">", "&gt;").replace('"', "&quot;") + "\n" for line in (FAILED, SLOW, FAILED)),
    "json strings": "".join(
        '  "' + line.replace('"', '\\"').replace(">", "\\u003e") + '",\n' for line in (FAILED, SLOW, FAILED)
    ),
    "one shell string": "\\n".join(line.replace('"', '\\"') for line in (FAILED, SLOW, FAILED)) + "\\n",
    "lost bracket": f"{FAILED[1:]}\n{SLOW}\n{FAILED[1:]}\n",
    "no brackets": f"{FAILED.replace('[', '').replace(']', '')}\n{SLOW}\n{FAILED}\n",
    "backslashes": f"{FAILED[:60]}\\\n    {FAILED[60:]}\n{SLOW}\n{FAILED}\n",
    "behind words": f"error: {FAILED}\nand then this: {SLOW}\n`{FAILED}`\n",
    "rest of a stamp": f"-03-15T10:00:00.123Z {FAILED}\n'019-03-15T10:00:00.123Z {SLOW}\n{FAILED}\n",
    "indented": f"    {FAILED}\n    {SLOW}\n\n    {FAILED}\n",
    "colours": f"\x1b[31m{FAILED}\x1b[0m\n\x1b[1;32m{SLOW}\x1b[0m\n{FAILED}\n",
    "prompt and output": f"$ kubectl logs coredns-5d-x7 -n kube-system\n{FAILED}\n{SLOW}\n{FAILED}\n",
    "link": f"{FAILED.replace('shop.example', '[shop.example](http://shop.example)')}\n{SLOW}\n{FAILED}\n",
}


@pytest.mark.parametrize("pasted", PASTED)
def test_pasted_text_says_what_the_log_said(
    pasted: str, observe: Callable[..., Observations], recogniser: Callable[[str], Meaning]
) -> None:
    seen = observe({"paste.log": PASTED[pasted]}, recognise=recogniser, replica="r")
    told = observe({"paste.log": f"{FAILED}\n{SLOW}\n{FAILED}\n"}, recognise=recogniser, replica="r")
    assert [e.meaning for e in seen.entries] == [e.meaning for e in told.entries]
    assert seen.queries == told.queries
    assert all(s.lines == s.understood == 3 for s in seen.streams)


def test_a_box_tells_the_replica(observe: Callable[..., Observations]) -> None:
    assert {e.line.replica for e in observe({"p.log": PASTED["box"]}).entries} == {"coredns-5d-x7"}


def test_citations_keep_the_lines_of_the_original(
    observe: Callable[..., Observations], recogniser: Callable[[str], Meaning]
) -> None:
    seen = observe({"p.log": "Hello,\n\n" + hard_wrapped(80)}, recognise=recogniser)
    assert [e.line.number for e in seen.entries] == [3, 7]
    assert [f.citation.line for f in seen.failures] == [5]


def test_prose_is_skipped_and_counted_never_read(observe: Callable[..., Observations]) -> None:
    text = f"两个副本里只有一个报错：\n{FAILED}\nThe other one is silent. Why?\n"
    [stream] = observe({"p.log": text}).streams
    assert (stream.lines, stream.understood, stream.skipped, stream.unknown_samples) == (1, 1, 2, ())


def test_prose_is_not_joined_to_a_line_that_is_complete(
    observe: Callable[..., Observations], recogniser: Callable[[str], Meaning]
) -> None:
    seen = observe({"p.log": f"{FAILED}\nthis keeps coming back\n"}, recognise=recogniser)
    assert [e.line.text for e in seen.entries] == [FAILED]


def test_masked_addresses_stay(observe: Callable[..., Observations]) -> None:
    masked = "[ERROR] plugin/errors: 2 shop.example. A: read udp X.X.X.X:50019->Y.Y.Y.Y:53: i/o timeout"
    assert [e.line.text for e in observe({"p.log": masked}).entries] == [masked]


def test_counted_lines_weigh_what_they_were_counted(
    observe: Callable[..., Observations], recogniser: Callable[[str], Meaning]
) -> None:
    text = f"   1693 {FAILED}\n     12 {FAILED.replace('shop', 'pay')}\n"
    seen = observe({"p.log": text}, recognise=recogniser)
    assert [e.meaning.weight for e in seen.entries] == [1693, 12]
    assert [s.lines for s in seen.streams] == [1705]


def test_a_stack_is_one_entry(observe: Callable[..., Observations]) -> None:
    text = (
        "[INFO] Reloading\npanic: sync: negative WaitGroup counter\n\ngoroutine 61 [running]:\n"
        "sync.(*WaitGroup).Add(0xc000337b90, 0xffffffffffffffff)\n\t/usr/local/go/src/sync/waitgroup.go:74 +0x137\n"
        "github.com/coredns/caddy.(*Instance).Restart(0xc0003, {0x1, 0x2})\n\t/go/pkg/mod/caddy.go:209 +0x3d9\n"
        "created by main.main\n\t/app/main.go:12 +0x1\nexit status 2\n"
    )
    seen = observe({"p.log": text}, replica="r")
    assert [e.line.text for e in seen.entries] == ["[INFO] Reloading", "panic: sync: negative WaitGroup counter"]
    [stream] = seen.streams
    assert (stream.lines, stream.understood) == (10, 10)


def test_unknown_lines_of_a_framed_log_are_shown(observe: Callable[..., Observations]) -> None:
    text = "".join(f"2024-03-15T10:00:0{n}.5Z stdout F something nobody knows {n}\n" for n in range(5))
    [stream] = observe({"p.log": text}).streams
    assert (stream.lines, stream.understood, stream.skipped) == (5, 0, 0)
    assert [c.text for c in stream.unknown_samples] == [f"something nobody knows {n}" for n in range(3)]
