"""The report for Jira Data Center: wiki markup, as the REST API v2 takes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from triage.model.text import Catalogue
from triage.render.budget import Cut
from triage.render.document import Block, Bullets, Code, Folded, Heading, Paragraph, Table, document
from triage.render.spans import spans
from triage.render.style import Style
from triage.render.words import Words

_TAME = re.compile(
    r"[A-Za-z0-9 ,%;]|(?<!^bq)\.|(?<=[a-z0-9])-(?=[a-z])|(?<=[a-z])-(?=\d)|(?<=\d):(?=\d)|:(?= |$)"
    r"|\((?=[A-Za-z0-9]{4})|(?<=[A-Za-z0-9 ])\)|[^!-~]"
)
"""Characters that Jira reads as themselves where they stand; `AB2-1` would be an issue, `:)` and `(y)` icons."""
_ENDS = re.compile(r"\{(?=noformat)", re.IGNORECASE)


def render_wiki(cut: Cut, catalogue: Catalogue, style: Style) -> str:
    """The whole report; Jira's own markup does not fold, so the details stand below their titles."""
    return "\n\n".join("\n".join(part) for part in _parts(document(cut, Words(catalogue)))) + "\n"


def escape(text: str) -> str:
    """A text in which nothing is markup: what could be is a character reference.

    >>> escape("{code}"), escape("10.0.0.2:53 k8s-m01"), escape("OPS-1 :)")
    ('&#123;code&#125;', '10.0.0.2:53 k8s-m01', 'OPS&#45;1 &#58;&#41;')
    """
    return "".join(c if _TAME.match(text, i) else f"&#{ord(c)};" for i, c in enumerate(text))


def _parts(blocks: Iterable[Block], level: int = 2) -> Iterator[list[str]]:
    for part in blocks:
        match part:
            case Heading():
                yield [f"h{level}. {_inline(part.text)}"]
            case Paragraph():
                yield [_labelled(part)]
            case Bullets():
                title = [f"*{escape(part.title)}*"] if part.title else []
                yield [*title, *(f"* {_labelled(item)}" for item in part.items)]
            case Code():
                yield ["{noformat}", *(_ENDS.sub(r"\\x7b", line) for line in part.lines), "{noformat}"]
            case Table():
                head = "||" + "||".join(escape(name) for name in part.head) + "||"
                yield [head, *("|" + "|".join(_inline(cell) or " " for cell in row) + "|" for row in part.rows)]
            case Folded():
                yield [f"h{level + 1}. {escape(part.title)}"]
                yield from _parts(part.blocks, level + 1)


def _labelled(part: Paragraph) -> str:
    return f"*{escape(part.label)}:* {_inline(part.text)}" if part.label else _inline(part.text)


def _inline(sentence: str) -> str:
    return "".join("{{" + escape(s.text) + "}}" if s.code else escape(s.text) for s in spans(sentence))
