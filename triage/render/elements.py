"""HTML that log text cannot break out of: elements are made by a function, and every text in them is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

from triage.render.document import Block, Bullets, Code, Folded, Heading, Paragraph, Table
from triage.render.spans import spans

_EMPTY = frozenset({"br", "link", "meta", "rect", "line", "path", "use"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Html | None


def element(name: str, /, *children: Child | Iterable[Child], **attributes: object) -> Html:
    """An element. A plain child is escaped; an attribute of None or False is left away, `class_` is `class`.

    >>> element("a", "<b>", Html("<i></i>"), class_="x", hidden=True, id=None)
    '<a class="x" hidden>&lt;b&gt;<i></i></a>'
    """
    said = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    if name in _EMPTY:
        return Html(f"<{name}{said}>" if name in {"br", "link", "meta"} else f"<{name}{said}/>")
    inside = "".join(_child(c) for child in children for c in _flat(child))
    return Html(f"<{name}{said}>{inside}</{name}>")


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'


def _flat(child: Child | Iterable[Child]) -> Iterable[Child]:
    return [child] if child is None or isinstance(child, str) else child


def _child(child: Child) -> str:
    return "" if child is None else child if isinstance(child, Html) else html.escape(child)


def inline(sentence: str) -> list[Html]:
    """A sentence with its names in code."""
    return [element("code", span.text) if span.code else Html(html.escape(span.text)) for span in spans(sentence)]


def blocks_html(blocks: Iterable[Block], level: int = 2) -> Iterator[Html]:
    """Blocks as elements; `level` of the heading."""
    for part in blocks:
        match part:
            case Heading():
                yield element(f"h{level}", inline(part.text))
            case Paragraph():
                yield element("p", _labelled(part))
            case Bullets():
                if part.title:
                    yield element("p", element("strong", part.title))
                yield element("ul", [element("li", _labelled(item)) for item in part.items])
            case Code():
                yield element("pre", element("code", "\n".join(part.lines)))
            case Table():
                yield table_html(part)
            case Folded():
                yield element(f"h{level + 1}", part.title)
                yield from blocks_html(part.blocks, level + 1)


def table_html(part: Table, caption: str = "") -> Html:
    """A table whose first column names the row."""
    head = element("tr", [element("th", name, scope="col") for name in part.head])
    rows = [
        element("tr", element("th", inline(row[0]), scope="row"), [element("td", inline(cell)) for cell in row[1:]])
        for row in part.rows
    ]
    title = element("caption", caption) if caption else None
    return element("table", title, element("thead", head), element("tbody", rows))


def _labelled(part: Paragraph) -> list[Html]:
    return [*([element("strong", f"{part.label}: ")] if part.label else []), *inline(part.text)]
