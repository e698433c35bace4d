"""The JSON report as YAML: the same fields, for people and for tools that read only that."""

from __future__ import annotations

from triage.model.report import Report
from triage.model.text import Catalogue
from triage.render.json_v1 import report_json
from triage.render.style import Style
from triage.render.words import Words


def render_yaml(report: Report, catalogue: Catalogue, style: Style) -> str:
    """One document without anchors and tags; texts that could be read as something else are quoted."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Never aliases, so that each part reads alone."""

        def ignore_aliases(self, data: object) -> bool:
            """Every part is written out."""
            return True

    data = report_json(report, Words(catalogue))
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=2**16)
