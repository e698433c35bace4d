"""The tree of commands: one module a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from triage.cli import version
from triage.cli.options import LangOption

COMMANDS = (
    "diagnose", "analyze", "demo", "entries", "render", "explain", "diff", "history", "checks", "send", "collect",
    "rules", "manifests", "schema", "version",
)  # fmt: skip
"""Names of modules, in the order of the help."""
_HELP = (["-h"], ["--help"])


def options(
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=version.print_version),
    ] = False,
    lang: LangOption = None,
) -> None:
    """Options of the program itself."""


def program(words: Sequence[str] = ()) -> typer.Typer:
    """All commands; when the first word of the command line is one, it alone, for the others take time to load."""
    app = typer.Typer(
        name="triage",
        help="Read CoreDNS logs of all replicas; rank the root causes with place, probability and next command.",
        no_args_is_help=True,
        add_completion=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "terminal_width": 80, "max_content_width": 80},
    )
    app.callback()(options)
    for name in words[:1] if words and words[0] in COMMANDS else COMMANDS:
        module = import_module(f"triage.cli.{name}")
        command = module.app if hasattr(module, "app") else getattr(module, name)
        if [*words] in _HELP:
            command = _listed(command)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _listed(command: typer.Typer | Callable[..., None]) -> typer.Typer | Callable[..., None]:
    """The same without its options: Typer takes its time over them, and the list of commands shows none."""
    if isinstance(command, typer.Typer):
        return typer.Typer(help=command.info.help)

    def listed() -> None: ...

    listed.__doc__ = command.__doc__
    return listed
