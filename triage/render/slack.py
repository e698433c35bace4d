"""The report for a Slack webhook: verdict, what matters, a table, the next command, within Slack's limits of blocks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from triage.model.report import Hypothesis, Report
from triage.model.text import Catalogue
from triage.render import sentences
from triage.render.clean import clean
from triage.render.layout import crop, table
from triage.render.spans import spans
from triage.render.style import Style
from triage.render.words import Words

HEADER, SECTION, TABLE, CONTEXT, FALLBACK = 150, 3000, 2900, 2000, 4000
"""Characters that a header, a section, a table in it, a line of context and `text` may have."""
Block = dict[str, object]


def render_slack(report: Report, catalogue: Catalogue, style: Style) -> str:
    """A message of at most nine blocks, with `text` for those who see no blocks."""
    words = Words(catalogue)
    verdict = sentences.verdict(report, words)
    blocks: list[Block] = [{"type": "header", "text": _plain(crop(verdict, HEADER)[:HEADER])}]
    blocks += [_section(_fit([_inline(verdict)], SECTION, words))] if len(verdict) > HEADER else []
    blocks += [_section(_fit(_summary(report, words), SECTION, words))]
    blocks += [_section(_fenced(_table(report.hypotheses, words)))] if report.hypotheses else []
    blocks += _next(report, words)
    tool = _fit([_inline(sentences.tool(report, words))], CONTEXT, words)
    blocks += [{"type": "context", "elements": [{"type": "mrkdwn", "text": tool, "verbatim": True}]}]
    text = _fit([_inline(verdict)], FALLBACK, words)
    return json.dumps({"text": text, "mrkdwn": True, "blocks": blocks}, indent=2, ensure_ascii=False) + "\n"


def escape(text: str) -> str:
    """A text in which Slack reads no mention, channel, link or entity: `<!channel>` needs its angle brackets.

    >>> escape("<!channel> & @here")
    '&lt;!channel&gt; &amp; @here'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code(text: str) -> str:
    """A name in code; a backtick, which only a hostile name has, would end it and becomes an accent."""
    return f"`{escape(text.replace('`', 'ˋ'))}`"


def _inline(sentence: str) -> str:
    return "".join(_code(span.text) if span.code else escape(span.text) for span in spans(sentence))


def _fit(lines: Sequence[str], limit: int, words: Words) -> str:
    """As many whole lines as fit, and how many are missing."""
    for n in range(len(lines), 0, -1):
        more = [words.word("list.more", n=len(lines) - n)] if n < len(lines) else []
        text = "\n".join([*lines[:n], *more])
        if len(text) <= limit:
            return text
    return words.word("slack.too-long")


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _fenced(lines: Iterable[str]) -> str:
    text = "\n".join(escape(line.replace("```", "ˋˋˋ")) for line in lines)
    return f"```\n{text}\n```"


def _summary(report: Report, words: Words) -> list[str]:
    return [f"*{escape(label)}:* {_inline(text)}" for label, text in sentences.summary(report, words)]


def _table(hypotheses: Sequence[Hypothesis], words: Words) -> list[str]:
    """As many rows as fit, the most probable explanations first, and how many are missing."""
    head = [words.word(f"column.{name}") for name in ("probability", "word", "cause", "upstream", "place")]
    rows = [_row(h, words) for h in hypotheses]
    for n in range(len(rows), 0, -1):
        more = [words.word("list.more", n=len(rows) - n)] if n < len(rows) else []
        lines = [*table(head, rows[:n]), *more]
        if len(_fenced(lines)) <= TABLE:
            return lines
    return [words.word("list.more", n=len(rows))]


def _row(h: Hypothesis, words: Words) -> list[str]:
    place = f"{h.scope.kind}/{h.scope.member}" if h.scope and h.scope.member else h.scope.kind if h.scope else ""
    return [words.percent(h.probability), words.confidence(h), clean(h.cause), clean(h.upstream or ""), clean(place)]


def _next(report: Report, words: Words) -> list[Block]:
    step = sentences.next_step(report)
    if step is None:
        return []
    about = f"*{escape(words.word('screen.next'))}:* {_inline(sentences.next_about(step, words))}"
    command = _fenced([clean(step if isinstance(step, str) else step.command)])
    short = command if len(command) <= SECTION else words.word("slack.too-long")
    return [_section(_fit([about], SECTION, words)), _section(short)]
