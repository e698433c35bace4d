"""Report → text, by pure functions in one table. A new output: one module, one row in `forms`, one approved output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.render.style import Renderer, Style

if TYPE_CHECKING:
    from triage.render.forms import FORMS, RENDERERS, Form, form_of

__all__ = ["FORMS", "RENDERERS", "Form", "Renderer", "Style", "form_of"]


def __getattr__(name: str) -> object:
    """The forms with all their renderers, once somebody wants them: programs that print no report need none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from triage.render import forms

    return getattr(forms, name)
