"""Options that several commands share, each said once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from triage.cli.language import primary, speak, spoken
from triage.errors import TriageError


class Output(StrEnum):
    """Forms of a report on stdout for everyday use; `triage render` makes the others of a stored report."""

    TEXT = "text"
    WIDE = "wide"
    JSON = "json"
    MARKDOWN = "markdown"


class Records(StrEnum):
    """Forms of a list of findings."""

    TEXT = "text"
    JSON = "json"


class Colour(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class FailOn(StrEnum):
    """Which findings change the exit code."""

    NONE = "none"
    LIKELY = "likely"
    ANY = "any"


FailOnOption = Annotated[
    FailOn,
    typer.Option(
        "--fail-on", metavar="CAUSES", help="Exit code for causes: none; likely: 10; any: 10, or 11 for a possible one."
    ),
]
StrictCoverageOption = Annotated[
    bool,
    typer.Option(
        "--strict-coverage", help="Exit with 4 when a replica has no log or over 5 % of the lines are unknown."
    ),
]
SubnetsOption = Annotated[
    list[str] | None,
    typer.Option("--subnets", metavar="FILE|NAME=CIDR", help="Subnets of node addresses. Repeatable."),
]
OutputOption = Annotated[
    Output, typer.Option("--output", "-o", metavar="FORM", help="Form of the report: text, wide, json or markdown.")
]
RecordsOption = Annotated[
    Records, typer.Option("--output", "-o", metavar="FORM", help="Form of the list: text or json.")
]
ColourOption = Annotated[
    Colour,
    typer.Option("--color", metavar="WHEN", help="Colour: auto (terminal, NO_COLOR, FORCE_COLOR), always or never."),
]


def _speak(lang: str | None) -> str:
    """Every text of the run is in this language from here on."""
    if lang:
        speak(primary(lang))
    return spoken()


LangOption = Annotated[
    str | None,
    typer.Option(
        "--lang", metavar="LANG", callback=_speak, help="Language of all texts: en or zh. Default: that of the locale."
    ),
]
RulesOption = Annotated[
    Path | None,
    typer.Option(
        "--rules",
        metavar="DIR",
        help="Add these rules; one with `overrides: true` replaces a built-in one.",
    ),
]


def _loudness(context: typer.Context, value: int) -> int:
    """Nobody can say more and nothing."""
    if value and (context.params.get("quiet") or context.params.get("verbose")):
        raise TriageError("--quiet and --verbose exclude each other", hint="leave one of them away")
    return value


VerboseOption = Annotated[
    int,
    typer.Option(
        "--verbose", "-v", count=True, show_default=False, callback=_loudness,
        help="Say more on stderr; a bug then shows its traceback.",
    ),
]  # fmt: skip
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", callback=_loudness, help="Say nothing but errors on stderr.")
]
WriteOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--write", metavar="FILE", help="Also write a file; its ending (.json .md .html …) is the form. Repeatable."
    ),
]
OutputFileOption = Annotated[
    Path | None, typer.Option("--output-file", metavar="FILE", help="Write the report to FILE instead of stdout (-).")
]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="DURATION", help="Only lines newer than this before now: 10m, 1h30m, 2d."),
]
SinceTimeOption = Annotated[
    str | None, typer.Option("--since-time", metavar="TIME", help="Only lines from this RFC 3339 time on.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Only lines before this RFC 3339 time.")
]
AroundOption = Annotated[
    str | None, typer.Option("--around", metavar="TIME", help="Only lines within 15 minutes of this RFC 3339 time.")
]
