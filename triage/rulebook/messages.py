"""The form of `messages/*.yaml`: what CoreDNS and the programs around it can say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from triage.model.message import Message, Where, Wording, parse_template
from triage.model.observation import FailureKind, Meaning
from triage.rulebook.fields import Fields
from triage.rulebook.locate import Located, read_file
from triage.rulebook.mistakes import Mistakes
from triage.rulebook.words import KINDS, LABELS, LEVELS

CAUSES = (
    *("upstream-unreachable", "upstream-refused", "upstream-error-answer", "upstreams-inconsistent"),
    *("upstream-protocol", "forward-overload", "forward-loop", "apiserver-unreachable", "apiserver-auth"),
    *("corefile-invalid", "listen-failed", "inotify-exhausted", "fd-exhausted", "resources", "node-network"),
    *("conntrack", "client-search-path", "zone-config", "coredns-bug", "benign"),
)
"""Causes that a line alone can suggest; a message may not wait for the rule's folder to exist."""
_WHERE = tuple(where.value for where in Where)
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\.[a-z0-9]+(?:-[a-z0-9]+)*")
_RELEASE = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}")
_UNTESTED = (Where.WORDS, Where.TRACE)
"""These are no messages of their own: their examples only show where they count."""


def load_messages(folder: Path) -> tuple[Message, ...]:
    """All messages of the `*.yaml` files of a folder, in the order of files and lines.

    Raises RuleError with every mistake as `file:line: what; cure`.
    """
    mistakes = Mistakes()
    messages: dict[str, Message] = {}
    for path in sorted(folder.glob("*.yaml")):
        source = read_file(path, f"{folder.name}/{path.name}", mistakes)
        for message in _read_file(source, mistakes) if source is not None else ():
            twin = messages.setdefault(message.id, message)
            if twin is not message:
                what = f"id '{message.id}' stands in {twin.file}:{twin.line} too"
                mistakes.add(message.file, message.line, what, "give it another id, or join both")
    mistakes.stop_if_any()
    return tuple(messages.values())


def check_messages(messages: Iterable[Message], recognise: Callable[[str], Meaning]) -> tuple[str, ...]:
    """Mistakes that only recognising shows: examples that are not recognised as their message or one of `same_as`."""
    mistakes = Mistakes()
    for message in messages:
        for example in message.examples:
            found = recognise(example)
            ids = [one for one in (found.message_id, found.fields.get("inner")) if one]
            if message.where not in _UNTESTED and not {*ids} & {message.id, *message.same_as}:
                what = f"an example of {message.id} is recognised as {' with '.join(ids)}: {example!r}"
                cure = "make the template fit it, or name the other under `same_as`"
                mistakes.add(message.file, message.line, what, cure)
    return mistakes.lines()


def _read_file(source: Located, mistakes: Mistakes) -> Iterator[Message]:
    """The messages of one file; `plugin`, `where`, `label` and `level` above them hold where they say nothing else."""
    common = Fields(source, mistakes)
    if not common.has("messages"):
        common.note("no messages", "write `messages:` and start each one with `- id:`")
    for fields in common.items("messages"):
        message = _message(fields, common)
        if message is not None:
            yield message
    for key in ("plugin", "where", "label", "level"):
        common.take(key)
    common.close()


def _message(fields: Fields, common: Fields) -> Message | None:
    """One message; None without an id or a text to go on with."""

    def own(key: str) -> Fields:
        return fields if fields.has(key) or not common.has(key) else common

    ident = fields.text("id")
    if ident and not _ID.fullmatch(ident):
        fields.note(f"'{ident}' is no id", "write area.what-happened in lower case", "id")
    kind = fields.word("kind", KINDS, "kind", "")
    sets = fields.section("sets")
    message = Message(
        id=ident,
        plugin=own("plugin").text("plugin"),
        where=Where(_known(own("where").word("where", _WHERE, "place", "line"), _WHERE, "line")),
        wordings=tuple(_wordings(fields)),
        label=own("label").word("label", (*CAUSES, *LABELS), "label"),
        kind=FailureKind(kind) if kind in KINDS else None,
        levels=own("level").words("level", LEVELS, "level"),
        generic=fields.flag("generic", False),
        same_as=fields.words("same_as"),
        meaning=fields.text("meaning", ""),
        examples=fields.words("examples"),
        sets={key: str(value) for key, value in sets.rest().items()} if sets is not None else {},
        file=fields.source.file,
        line=fields.line,
    )
    if not message.examples:
        fields.note(f"message '{ident}' has no example", "write `examples:` with a whole line")
    fields.close()
    return message if ident and message.wordings else None


def _known(word: str, known: tuple[str, ...], default: str) -> str:
    return word if word in known else default


def _wordings(fields: Fields) -> Iterator[Wording]:
    """`text`, and what stands under `also`: a text of the same releases, or one with releases of its own."""
    since, until = _release(fields, "since"), _release(fields, "until")
    yield from _wording(fields, fields.text("text"), since, until, "text")
    also = fields.take("also")
    for index, one in enumerate(also if isinstance(also, list) else ()):
        if isinstance(one, str):
            yield from _wording(fields, one, since, until, "also", index)
        else:
            inside = Fields(fields.source, fields.mistakes, (*fields.path, "also", index))
            releases = _release(inside, "since") or since, _release(inside, "until")
            yield from _wording(inside, inside.text("text"), *releases, "text")
            inside.close()


def _wording(fields: Fields, text: str, since: str | None, until: str | None, *at: str | int) -> Iterator[Wording]:
    """A wording, if its template can be matched safely."""
    try:
        parse_template(text)
    except ValueError as error:
        what, _, cure = str(error).partition("; ")
        fields.note(f"template {text!r}: {what}", cure, *at)
        return
    if text:
        yield Wording(text, since, until)


def _release(fields: Fields, key: str) -> str | None:
    """A release of CoreDNS; None when it is not told."""
    text = fields.text(key, "")
    if text and not _RELEASE.fullmatch(text):
        fields.note(f"'{text}' is no release", 'write it as "1.12.0"', key)
        return None
    return text or None
