"""Report → text, by pure functions in one table. A new output: one module, one row in `forms`, one approved output."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from triage.render.forms import FORMS, Form, form_of
from triage.render.style import Renderer, Style

RENDERERS: Final[Mapping[str, Form]] = MappingProxyType({form.name: form for form in FORMS})

__all__ = ["FORMS", "RENDERERS", "Form", "Renderer", "Style", "form_of"]
