"""The tree of commands: one module a command."""

from __future__ import annotations

from typing import Annotated

import typer

from triage.cli import (
    analyze,
    checks,
    collect,
    demo,
    diagnose,
    diff,
    entries,
    explain,
    history,
    manifests,
    render,
    rules,
    schema,
    send,
    version,
)
from triage.cli.options import LangOption

app = typer.Typer(
    name="triage",
    help="Read CoreDNS logs of all replicas; rank the root causes with place, probability and next command.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "terminal_width": 80, "max_content_width": 80},
)


@app.callback()
def options(
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=version.print_version),
    ] = False,
    lang: LangOption = None,
) -> None:
    """Options of the program itself."""


app.command("diagnose")(diagnose.diagnose)
app.command("analyze")(analyze.analyze)
app.command("demo")(demo.demo)
app.command("entries")(entries.entries)
app.command("render")(render.render)
app.command("explain")(explain.explain)
app.command("diff")(diff.diff)
app.command("history")(history.history)
app.command("checks")(checks.checks)
app.command("send")(send.send)
app.command("collect")(collect.collect)
app.add_typer(rules.app, name="rules")
app.add_typer(manifests.app, name="manifests")
app.command("schema")(schema.schema)
app.command("version")(version.version)
