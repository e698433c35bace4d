"""The report for Jira Cloud: the Atlassian Document Format, as the REST API v3 takes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from triage.model.text import Catalogue
from triage.render.budget import Cut
from triage.render.document import Block, Bullets, Code, Folded, Heading, Paragraph, Table, document
from triage.render.spans import spans
from triage.render.style import Style
from triage.render.words import Words

_LANGUAGES = {"sh": "shell"}
Node = dict[str, object]


def render_adf(cut: Cut, catalogue: Catalogue, style: Style) -> str:
    """One JSON document; log text stands in text nodes, where nothing is read as markup."""
    content = [*_nodes(document(cut, Words(catalogue)))]
    data = {"version": 1, "type": "doc", "content": content}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"


def _nodes(blocks: Iterable[Block]) -> Iterator[Node]:
    for part in blocks:
        match part:
            case Heading():
                yield {"type": "heading", "attrs": {"level": 2}, "content": _inline(part.text)}
            case Paragraph():
                yield _paragraph(part)
            case Bullets():
                if part.title:
                    yield _paragraph(Paragraph("", part.title))
                items = [{"type": "listItem", "content": [_paragraph(item)]} for item in part.items]
                yield {"type": "bulletList", "content": items}
            case Code():
                attrs = {"attrs": {"language": _LANGUAGES[part.language]}} if part.language else {}
                yield {"type": "codeBlock", **attrs, "content": [{"type": "text", "text": "\n".join(part.lines)}]}
            case Table():
                rows = [_row("tableHeader", part.head), *(_row("tableCell", row) for row in part.rows)]
                yield {"type": "table", "content": rows}
            case Folded():
                yield {"type": "expand", "attrs": {"title": part.title}, "content": [*_nodes(part.blocks)]}


def _row(kind: str, cells: Sequence[str]) -> Node:
    content = [{"type": kind, "attrs": {}, "content": [_paragraph(Paragraph(cell))]} for cell in cells]
    return {"type": "tableRow", "content": content}


def _paragraph(part: Paragraph) -> Node:
    label = f"{part.label}: " if part.text else part.label
    strong = [{"type": "text", "text": label, "marks": [{"type": "strong"}]}] if part.label else []
    return {"type": "paragraph", "content": [*strong, *_inline(part.text)]}


def _inline(sentence: str) -> list[Node]:
    return [
        {"type": "text", "text": span.text, **({"marks": [{"type": "code"}]} if span.code else {})}
        for span in spans(sentence)
    ]
