"""The report as one HTML file: no request leaves it, its policy allows only its own style and script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files

from triage.model.report import Report
from triage.model.text import Catalogue
from triage.render import charts, sentences
from triage.render.budget import Cut
from triage.render.clean import clean
from triage.render.document import Block, Code, Folded, coverage, detail, explanations, reasons
from triage.render.elements import Html, blocks_html, element, inline, table_html
from triage.render.style import Style
from triage.render.words import QUIET, Words


def render_html(cut: Cut, catalogue: Catalogue, style: Style) -> str:
    """Verdict first, then where and when, the explanations with their evidence to unfold, and what was read."""
    page = _Page(cut, Words(catalogue))
    css, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(css)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", sentences.verdict(cut.whole, page.words)),
        Html(f"<style>{css}</style>"),
    )
    body = element("body", page.body(), Html(f"<script>{script}</script>"))
    return f"<!doctype html>\n{element('html', head, body, lang=catalogue.lang)}\n"


@cache
def _asset(name: str) -> str:
    return files("triage.render").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


class _Page:
    """The parts of one page; commands are numbered so that their buttons find them."""

    def __init__(self, cut: Cut, words: Words) -> None:
        self.cut, self.words = cut, words
        self._commands = 0

    def body(self) -> Iterator[Html]:
        """All parts."""
        word = self.words.word
        yield element("a", word("html.skip"), href="#explanations", class_="skip")
        main = [
            *self._verdict(), *self._where(), *self._when(), *self._explanations(), *self._read(), *self._missing()
        ]  # fmt: skip
        yield element("main", main)
        left = [element("p", sentences.left_out(self.cut.left, self.words))] if self.cut.left else []
        yield element("footer", left, element("p", inline(sentences.tool(self.cut.whole, self.words)), class_="soft"))
        yield element("p", "", id="said", role="status", class_="unseen")

    def _verdict(self) -> Iterator[Html]:
        report = self.cut.whole
        lead = report.hypotheses[0] if report.hypotheses else None
        kind = "quiet" if lead is None or lead.cause in QUIET else lead.confidence
        yield element("h1", inline(sentences.verdict(report, self.words)), class_=f"verdict {kind}")
        told = sentences.summary(report, self.words)
        yield element(
            "dl", [part for label, text in told for part in (element("dt", label), element("dd", inline(text)))]
        )
        yield from self._blocks(reasons(report, self.words))
        step = sentences.next_step(report)
        if step is not None:
            about = inline(sentences.next_about(step, self.words))
            yield element("h2", self.words.word("screen.next"))
            yield element("p", about)
            yield self._command([step if isinstance(step, str) else step.command])
            if not isinstance(step, str):
                yield element("ul", [element("li", inline(said)) for said in sentences.outcomes(step, self.words)])

    def _where(self) -> Iterator[Html]:
        cells = self.cut.shown.cells
        if cells is None or not cells.rows:
            return
        yield element("h2", self.words.word("html.heat.title"), id="where")
        yield self._scroll(charts.heat_map(cells, self.words), "html.heat.title")
        for key, n in (("html.rows-left", cells.rows_left), ("html.undated", cells.undated)):
            if n:
                yield element("p", self.words.word(key, n=n), class_="soft")

    def _when(self) -> Iterator[Html]:
        report = self.cut.shown
        drawing = charts.timeline(report, self.words)
        told = charts.time_lines(report, self.words)
        if drawing is None and not told:
            return
        yield element("h2", self.words.word("html.timeline.title"), id="when")
        if drawing is not None:
            yield drawing
            yield element("p", self.words.word("html.timeline.legend"), class_="soft")
        for about, changes in told:
            yield element("p", inline(about))
            if changes:
                yield element("ol", [element("li", inline(change)) for change in changes])

    def _explanations(self) -> Iterator[Html]:
        shown = self.cut.shown
        yield element("h2", self.words.word("html.explanations"), id="explanations")
        yield from (self._scroll(table_html(t), "html.explanations") for t in explanations(shown, self.words))
        for h in shown.hypotheses:
            if h.rank not in self.cut.untold:
                name = f"{h.rank}. {h.cause}, {self.words.percent(h.probability)}"
                yield self._folded(name, self._blocks(detail(h, self.words)), is_open=h.rank == 1)

    def _read(self) -> Iterator[Html]:
        parts: Sequence[Block] = list(coverage(self.cut, self.words))
        if parts:
            yield element("h2", self.words.word("document.coverage"), id="read")
            yield from self._blocks(parts)

    def _missing(self) -> Iterator[Html]:
        report: Report = self.cut.shown
        if report.gaps:
            yield element("h2", self.words.word("screen.gaps"), id="missing")
            yield element("ul", [element("li", inline(sentences.gap(gap, self.words))) for gap in report.gaps])
            commands = dict.fromkeys(gap.command for gap in report.gaps if gap.command)
            yield from (self._command([command]) for command in commands)
        if report.notes:
            yield element("h2", self.words.word("document.notes"))
            yield element("ul", [element("li", inline(self.words.say(note))) for note in report.notes])

    def _blocks(self, blocks: Iterable[Block]) -> Iterator[Html]:
        """Blocks of the document; commands get their button, tables may be wider than the page."""
        for part in blocks:
            if isinstance(part, Code) and part.language:
                yield self._command(part.lines)
            elif isinstance(part, Folded):
                yield self._folded(part.title, self._blocks(part.blocks))
            else:
                for made in blocks_html([part]):
                    yield self._scroll(made, "html.table") if made.startswith("<table") else made

    def _command(self, lines: Sequence[str]) -> Html:
        """Commands with a button that copies them; it shows where scripts run."""
        self._commands += 1
        word, name = self.words.word, f"command-{self._commands}"
        button = element(
            "button", word("html.copy"), type="button", hidden=True, data_of=name, data_done=word("html.copied")
        )
        code = element("code", "\n".join(clean(line) for line in lines), id=name)
        return element("div", element("pre", code), button, class_="command")

    def _scroll(self, child: Html, key: str) -> Html:
        label = self.words.word(key)
        return element("div", child, class_="scroll", tabindex=0, role="group", aria_label=label)

    def _folded(self, title: str, inside: Iterable[Html], *, is_open: bool = False) -> Html:
        return element("details", element("summary", title), inside, open=is_open)
