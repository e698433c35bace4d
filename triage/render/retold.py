"""How the sentences of a stored report were made, so that it can be told again in another language.

Beside each sentence stand its key in the catalogue and the names that fill it. A catalogue that does not know the key,
or wants other names, leaves the sentence as it was said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from triage.model.text import Text, Value, places
from triage.render.clean import clean
from triage.render.words import Words

Template = Callable[[str], str | None]
"""The template of a key, if there is one: `Catalogue.template`."""
_DEEPEST = 4
_SAID = ("said.", "told.")


def texts_of(report: object, words: Words) -> dict[str, object]:
    """Each sentence of a report to its key and names."""
    return {words.say(text): _written(text) for text in _texts_in(report) if not text.key.startswith(_SAID)}


def _texts_in(value: object) -> Iterator[Text]:
    if isinstance(value, Text):
        yield value
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _texts_in(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts_in(item)


def _written(value: Value) -> object:
    if isinstance(value, Text):
        return {"key": value.key, "names": {name: _written(one) for name, one in value.params.items()}}
    if isinstance(value, tuple):
        return [_written(one) for one in value]
    return clean(value) if isinstance(value, str) else value


def read_texts(stored: object, template: Template) -> dict[str, Text]:
    """Sentence to the text that says it; only those that the catalogue can say. Nobody vouches for what is stored."""
    found = {}
    for sentence, written in stored.items() if isinstance(stored, Mapping) else ():
        text = _read(written, template, _DEEPEST)
        if isinstance(text, Text):
            found[sentence] = text
    return found


class _Unknown:
    """What cannot be said again."""


def _read(written: object, template: Template, depth: int) -> Value | _Unknown:
    if written is None or (isinstance(written, str | int | float) and not isinstance(written, bool)):
        return written
    if isinstance(written, list) and depth:
        items = [_read(one, template, depth - 1) for one in written]
        told = tuple(one for one in items if isinstance(one, str | Text))
        return told if len(told) == len(items) else _Unknown()
    if not isinstance(written, Mapping) or not depth:
        return _Unknown()
    key, names = written.get("key"), written.get("names")
    said = template(key) if isinstance(key, str) and not key.startswith(_SAID) else None
    if said is None or not isinstance(key, str) or not isinstance(names, Mapping) or not places(said) <= names.keys():
        return _Unknown()
    values: dict[str, Value] = {}
    for name, one in names.items():
        value = _read(one, template, depth - 1)
        if isinstance(value, _Unknown):
            return value
        values[str(name)] = value
    return Text(key, values)
