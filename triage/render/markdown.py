"""The report for tickets in Markdown, as GitHub and GitLab both read it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

from triage.model.text import Catalogue
from triage.render.budget import Cut
from triage.render.document import Block, Bullets, Code, Folded, Heading, Paragraph, Table, document
from triage.render.marked import block, cell, inline
from triage.render.style import Style
from triage.render.words import Words


def render_markdown(cut: Cut, catalogue: Catalogue, style: Style) -> str:
    """The whole report; there is nothing to decorate."""
    return "\n\n".join("\n".join(part) for part in _parts(document(cut, Words(catalogue)))) + "\n"


def _parts(blocks: Iterable[Block]) -> Iterator[list[str]]:
    """Each block as lines; a blank line stands between two."""
    for part in blocks:
        match part:
            case Heading():
                yield [f"## {inline(part.text)}"]
            case Paragraph():
                yield [_labelled(part)]
            case Bullets():
                if part.title:
                    yield [f"**{inline(part.title)}**"]
                yield [f"- {_labelled(item)}" for item in part.items]
            case Code():
                yield block(part.lines, part.language)
            case Table():
                rows = [[*map(cell, part.head)], ["---"] * len(part.head), *([*map(cell, row)] for row in part.rows)]
                yield ["| " + " | ".join(row) + " |" for row in rows]
            case Folded():  # Markdown inside is read only between blank lines
                yield [f"<details><summary>{html.escape(part.title)}</summary>"]
                yield from _parts(part.blocks)
                yield ["</details>"]


def _labelled(part: Paragraph) -> str:
    return f"**{inline(part.label)}:** {inline(part.text)}" if part.label else inline(part.text)
