"""Report → text, by pure functions in one table. A new output: one module, one row here, one golden folder."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from triage.render.json_v1 import render_json_v1
from triage.render.markdown import render_markdown
from triage.render.style import Renderer, Style
from triage.render.text import render_text, render_wide

RENDERERS: Final[Mapping[str, Renderer]] = MappingProxyType(
    {"text": render_text, "wide": render_wide, "json": render_json_v1, "markdown": render_markdown}
)

__all__ = ["RENDERERS", "Renderer", "Style"]
