"""`triage demo`: analyse a story that travels with the program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from triage.cli.analyze import analyze
from triage.cli.options import Colour, ColourOption, LangOption, Output, OutputOption
from triage.cli.packaged import folder
from triage.cli.redaction import Redact
from triage.cli.streams import emit, tell
from triage.errors import TriageError
from triage.render.layout import table

FOUNDING = "master-subnet"


def demo(
    story: Annotated[str, typer.Argument(metavar="STORY", help="Name of a story; --list shows them.")] = FOUNDING,
    output: OutputOption = Output.TEXT,
    show_list: Annotated[bool, typer.Option("--list", help="List the stories and exit.")] = False,
    colour: ColourOption = Colour.AUTO,
    lang: LangOption = None,
) -> None:
    """Analyse one of the stories that come with the program."""
    stories = {
        path.name: path for path in sorted(folder("stories").iterdir()) if path.is_dir() and path.name[0] not in "._"
    }
    if show_list:
        emit("\n".join(table(["STORY", "ABOUT"], [[name, _about(path)] for name, path in stories.items()])) + "\n")
        return
    if story not in stories:
        raise TriageError(
            "there is no story '{story}'", hint="choose one of: {known}", story=story, known=", ".join(stories)
        )
    path = stories[story]
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    tell("the same as: {command}", command=f"triage analyze {shown}")
    analyze([str(path)], output=output, redact=Redact.NONE, colour=colour)


def _about(path: Path) -> str:
    """The first line of the story's README, without its heading sign."""
    readme = path / "README.md"
    lines = readme.read_text(encoding="utf-8").splitlines() if readme.is_file() else []
    return next((line.lstrip("# ").strip() for line in lines if line.strip()), "")
