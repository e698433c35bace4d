"""Every form of a report: its name, the ending of its files, the size that its target takes, and what writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from triage.model.report import Report
from triage.model.text import Catalogue
from triage.render.budget import Cut, fitted
from triage.render.style import Style

TICKET = 30_000
"""Characters of a ticket: Jira takes 32,767 by default, GitHub 65,536, GitLab 1,000,000, and readers less."""
MAIL = 100_000
"""Characters of an e-mail: mail programs fold away what comes after 102 kB of HTML."""

PAGE = 2_000_000
"""Bytes of an HTML file that opens at once and goes through mail."""

Write = Callable[[Cut, Catalogue, Style], str]


class Form(Struct, frozen=True):
    """A renderer with what is known about its target."""

    name: str
    ending: str
    """Of a file in this form: `--write` goes by it."""
    limit: int | None
    """Most in `size`; None: the target sets none, or the renderer keeps those of its parts itself."""
    write: Write
    size: Callable[[str], int] = len
    """How the limit counts: characters."""

    def __call__(self, report: Report, catalogue: Catalogue, style: Style, /) -> str:
        """The whole output, ending in a newline; within the limit."""
        if self.limit is None:
            return self.write(Cut(report, report), catalogue, style)
        return fitted(report, self.limit, lambda cut: self.write(cut, catalogue, style), self.size)


def _late(renderer: str) -> Callable[..., str]:
    """A renderer as `module:function`, loaded when it is used: most runs need but one of them."""
    module, _, name = renderer.partition(":")
    return lambda *given: str(getattr(import_module(f"triage.render.{module}"), name)(*given))


def _whole(renderer: str) -> Write:
    """One that never leaves anything out."""
    render = _late(renderer)
    return lambda cut, catalogue, style: render(cut.whole, catalogue, style)


FORMS = (
    Form("text", ".txt", None, _whole("text:render_text")),
    Form("wide", ".wide.txt", None, _whole("text:render_wide")),
    Form("json", ".json", None, _whole("json_v1:render_json_v1")),
    Form("markdown", ".md", TICKET, _late("markdown:render_markdown")),
    Form("github", ".github.md", TICKET, _late("markdown:render_markdown")),
    Form("gitlab", ".gitlab.md", TICKET, _late("markdown:render_markdown")),
    Form("jira", ".adf.json", TICKET, _late("jira_adf:render_adf")),
    Form("jira-wiki", ".wiki", TICKET, _late("jira_wiki:render_wiki")),
    Form("slack", ".slack.json", None, _whole("slack:render_slack")),
    Form("email", ".eml", MAIL, _late("email:render_email")),
    Form("html", ".html", PAGE, _late("html_page:render_html"), lambda text: len(text.encode())),
    Form("yaml", ".yaml", None, _whole("yaml_form:render_yaml")),
    Form("csv", ".csv", None, _whole("csv_form:render_csv")),
    Form("prometheus", ".prom", None, _whole("prometheus:render_prometheus")),
)
"""One row each."""
RENDERERS: Final[Mapping[str, Form]] = MappingProxyType({form.name: form for form in FORMS})


def form_of(file_name: str) -> Form | None:
    """The form that the ending of a file names; the longest ending that fits.

    >>> [form.name if form else None for form in map(form_of, ("a.md", "a.github.md", "a.json", "a"))]
    ['markdown', 'github', 'json', None]
    """
    fitting = [form for form in FORMS if file_name.endswith(form.ending)]
    return max(fitting, key=lambda form: len(form.ending), default=None)
