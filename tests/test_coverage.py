"""Nothing vanishes: every line of every file is in the account, in every report."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.inputs import INPUTS, STORIES, folder_of
from tests.reading.framings import FRAMINGS, WITHOUT_POD
from triage import pipeline
from triage.cli import main
from triage.model.bundle import Bundle, Document, Kind
from triage.model.report import FileCoverage
from triage.reading import Limits
from triage.reading.texts import Reader

SOME = [*STORIES, *INPUTS[len(STORIES) :: 3]]
"""More than 30 inputs."""


PROMPT = re.compile(r"\[?[\w.-]+@[\w.-]+[ :][^#$]*[#$]( |$)")


def account(bundle: Bundle) -> dict[str, FileCoverage]:
    return {row.file: row for row in pipeline.file_coverage(bundle, pipeline.observe(bundle)[0])}


def texts_of(document: Document) -> Reader:
    reader = Reader(document, Limits(), year=2026, grade=lambda _: 0)
    reader.texts = list(reader)
    return reader


def newlines(raw: bytes) -> int:
    """As `wc -l` counts, and a last line without newline."""
    return raw.count(b"\n") + (not raw.endswith(b"\n") and bool(raw))


@pytest.mark.parametrize("name", SOME)
def test_every_line_of_every_file_is_in_the_account(name: str, tmp_path: Path) -> None:
    folder = folder_of(name, tmp_path)
    bundle = pipeline.load_bundle([str(folder)], None)
    rows = account(bundle)
    assert [d.name for d in bundle.documents] == list(rows)
    files: dict[str, list[Document]] = {}
    for document in bundle.documents:
        files.setdefault(document.file, []).append(document)
    assert set(files) == {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    for file, parts in files.items():
        if any(part.kind is Kind.IGNORED for part in parts):
            assert all(rows[part.name].why_ignored for part in parts)
            continue
        lines = newlines((folder / file).read_bytes())
        held = {n for part in parts for n in range(part.first_line, part.first_line + rows[part.name].file_lines)}
        left = [
            line
            for n, line in enumerate((folder / file).read_text(encoding="utf-8").split("\n"), 1)
            if n <= lines and n not in held
        ]
        described = any("describe" in (part.command or "") for part in parts)
        # What parts are cut at: prompts with commands, blank lines, and the head of a `describe` around its Corefile.
        assert described or [line for line in left if line.strip() and not PROMPT.match(line)] == []
        assert max(held) <= lines


@pytest.mark.parametrize("name", SOME)
def test_lines_of_logs_add_up(name: str, tmp_path: Path) -> None:
    bundle = pipeline.load_bundle([str(folder_of(name, tmp_path))], None)
    rows = account(bundle)
    for document in bundle.of(Kind.LOG):
        row, reader = rows[document.name], texts_of(document)
        numbers = {text.number for text in reader.texts}
        glued = len(reader.texts) - len(numbers)
        joined = row.file_lines - len(numbers) - reader.n_blank
        assert row.lines + row.skipped + row.blank == row.file_lines + glued - joined
        assert 0 <= row.understood <= row.lines
        assert len(row.unknown_samples) == min(3, row.lines - row.understood)
        # A line that has no text of its own went into one before it.
        lines = document.text().split("\n")
        for number in {n for n, line in enumerate(lines, document.first_line) if line.strip()} - numbers:
            before = max(n for n in numbers if n < number)
            whole = "".join(t.text for t in reader.texts if t.number == before)
            assert lines[number - document.first_line].strip()[-12:] in whole


LINES = [
    (1_772_359_200_123_456_789 + i * 10**9, "coredns-5d78c9869d-aaaaa", text)
    for i, text in enumerate(
        [
            "[ERROR] plugin/errors: 2 a. A: read udp 10.0.0.7:4242->10.9.9.9:53: i/o timeout",
            '[INFO] 10.0.0.9:4242 - 7 "A IN b.example. udp 41 false 512" NOERROR qr,rd,ra 68 0.003s',
            "[INFO] nobody says this",
        ]
        * 20
    )
]


@pytest.mark.parametrize("framing", [*FRAMINGS, *WITHOUT_POD])
def test_every_framing_has_every_line(framing: str, tmp_path: Path) -> None:
    write = FRAMINGS.get(framing) or WITHOUT_POD[framing]
    (tmp_path / "all.log").write_text(write(LINES))
    (row,) = account(pipeline.load_bundle([str(tmp_path)], None)).values()
    assert (row.lines, row.understood, row.skipped, row.blank) == (60, 40, 0, 0)
    assert [s.text for s in row.unknown_samples] == ["[INFO] nobody says this"] * 3
    assert (row.first_ns, row.last_ns) == (LINES[0][0], LINES[-1][0])


def test_prose_other_programs_copies_and_blank_lines_are_counted(tmp_path: Path) -> None:
    logs = "".join(f"{text}\n" for _, _, text in LINES[:3])
    (tmp_path / "paste.log").write_text(f"Hello, this is what I see:\n\n{logs}\n   \nCheers\n")
    pods = "".join(f"[pod/web-5d8c7b6f9-q2w3e/web] line {i}\n[pod/coredns-a/coredns] .:53\n" for i in range(4))
    (tmp_path / "merged.log").write_text(pods)
    rows = account(pipeline.load_bundle([str(tmp_path)], None))
    paste = [row for name, row in rows.items() if name.startswith("paste.log")]
    assert sum(row.file_lines for row in paste) == 8
    assert sum((row.lines or 0) + row.skipped + row.blank for row in paste if row.lines is not None) == sum(
        row.file_lines for row in paste if row.lines is not None
    )
    merged = rows["merged.log"]
    assert (merged.file_lines, merged.lines, merged.understood, merged.skipped) == (8, 4, 4, 4)


def test_parts_of_a_paste_count_their_own_lines(tmp_path: Path) -> None:
    text = "".join(
        f"[root@n1 ~]# kubectl logs coredns-5d78c9869d-{pod} -n kube-system\n"
        + "".join(f"{LINES[i][2]}\n" for i in range(n))
        for pod, n in (("aaaaa", 1), ("bbbbb", 3))
    )
    (tmp_path / "terminal.txt").write_text(text)
    logs = [row for row in account(pipeline.load_bundle([str(tmp_path)], None)).values() if row.kind == "log"]
    assert [row.lines for row in logs] == [1, 3]


@pytest.mark.parametrize("form", ["json", "wide", "markdown"])
def test_every_file_is_in_every_long_report(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (tmp_path / "notes.txt").write_text("Nothing that any program prints.\n")
    log = "".join(f"2026-03-01T10:00:0{i}Z {LINES[i][2]}\n" for i in range(3))
    (tmp_path / "coredns-5d78c9869d-aaaaa.log").write_text(log)
    (tmp_path / "resolv.conf").write_text("nameserver 10.9.9.9\n")
    assert main(["analyze", str(tmp_path), "-o", form]) == 0
    out = capsys.readouterr().out
    assert all(path.name in out for path in tmp_path.iterdir())
    assert "nobody says this" in out
    assert out.count("2026-03-01T10:00:02Z") >= 2
    if form == "json":
        files = {f["file"]: f for f in json.loads(out)["coverage"]["files"]}
        assert files["photo.png"]["why_ignored"]
        assert files["resolv.conf"]["file_lines"] == 1
        (found,) = [f for f in files.values() if f["kind"] == "log"]
        assert (found["lines"], found["understood"], found["file_lines"]) == (3, 2, 3)
        assert (found["first"], found["last"]) == ("2026-03-01T10:00:00Z", "2026-03-01T10:00:02Z")
