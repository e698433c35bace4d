"""In which language this run speaks: `--lang`, else the locale; English where nothing is said in another one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING

from triage.errors import TriageError

if TYPE_CHECKING:
    from triage.model.rule import Rulebook
    from triage.model.text import Catalogue

LANGUAGES = ("en", "zh")
"""Languages of the program: the files of `rules/texts/` (a test compares both)."""
_SPOKEN: ContextVar[str] = ContextVar("language", default=LANGUAGES[0])


def of_locale(environ: Mapping[str, str], encoding: str = "utf-8") -> str:
    """The language of the locale, as POSIX ranks its variables; English when its output could not be printed.

    >>> of_locale({"LANG": "zh_CN.UTF-8"}), of_locale({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}), of_locale({"LANG": "fr"})
    ('zh', 'en', 'en')
    >>> of_locale({"LANG": "zh_CN"}, "gb18030"), of_locale({"LANG": "zh_CN"}, "ascii")
    ('zh', 'en')
    """
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    lang = primary(locale)
    try:
        "上游".encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return LANGUAGES[0]
    return lang if lang in LANGUAGES else LANGUAGES[0]


def primary(tag: str) -> str:
    """The language of a locale or language tag.

    >>> primary("zh_CN.UTF-8"), primary("zh-Hans"), primary("EN")
    ('zh', 'zh', 'en')
    """
    return tag.partition(".")[0].replace("-", "_").partition("_")[0].lower()


def listen(environ: Mapping[str, str]) -> None:
    """Take the language of the locale until `--lang` says another one."""
    speak(of_locale(environ, getattr(sys.stdout, "encoding", None) or "utf-8"))


def speak(lang: str) -> None:
    """Speak this language from now on."""
    _SPOKEN.set(lang)


def spoken() -> str:
    """The language of this run."""
    return _SPOKEN.get()


def catalogue(rulebook: Rulebook) -> Catalogue:
    """The texts of a rulebook in the language of this run."""
    from triage import pipeline

    if spoken() not in rulebook.texts:
        known = ", ".join(sorted(rulebook.texts))
        raise TriageError("no texts in language '{lang}'", hint="choose one of: {known}", lang=spoken(), known=known)
    return pipeline.catalogue(rulebook, spoken())


def translated(template: str) -> str:
    """A sentence of the program itself in the language of this run; the same one where it has no translation."""
    return template if spoken() == LANGUAGES[0] else _phrases(spoken()).get(template, template)


@cache
def _phrases(lang: str) -> Mapping[str, str]:
    from triage import pipeline

    return pipeline.phrases(lang)
