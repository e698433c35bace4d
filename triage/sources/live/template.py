"""The allow-list of fields as templates of kubectl, so that the printed script saves nothing else either.

A template writes YAML in its flow style: `%q` quotes a text as YAML reads it, and a comma may stand before a bracket.
"""

from __future__ import annotations

from collections.abc import Mapping

from triage.sources.live.fields import ANNOTATIONS, FORMS, Form, keep_annotations

ANY = (
    '{{define "v"}}{{$t := printf "%T" .}}'
    '{{if eq $t "map[string]interface {}"}}{ {{range $k, $v := .}}{{printf "%q" $k}}: {{template "v" $v}}, {{end}}}'
    '{{else if eq $t "[]interface {}"}}[{{range .}}{{template "v" .}}, {{end}}]'
    '{{else if eq $t "string"}}{{printf "%q" .}}{{else if eq $t "<nil>"}}null{{else}}{{printf "%v" .}}{{end}}{{end}}'
)
"""Prints any value; stands in front of each template."""


_LINE = '{{"\\n"}}'


def template_of(kind: str, *, single: bool = False) -> str:
    """A go-template that prints a list of objects of this kind as YAML, one object a line; or a single object so.

    >>> "'" in template_of("Pod"), "env" in template_of("Pod")
    (False, False)
    """
    form = FORMS[kind]
    assert isinstance(form, Mapping)
    fields = _fields({key: inner for key, inner in form.items() if key != "kind"})
    item = f'- {{ "kind": "{kind}", {fields}}}{_LINE}'
    items = f"items:{_LINE}{item}"
    if not single:
        some = f"items:{_LINE}{{{{range .items}}}}{item}{{{{end}}}}"
        items = "{{if .items}}" + some + "{{else}}items: []" + _LINE + "{{end}}"
    return f"apiVersion: v1{_LINE}kind: {kind}List{_LINE}{items}"


def _fields(form: Mapping[str, Form]) -> str:
    return "".join(_field(key, inner) for key, inner in form.items())


def _field(key: str, form: Form) -> str:
    """`"key": value, ` where there is one; a plain value also where it is 0, false or empty."""
    if form is True or (callable(form) and form is not keep_annotations):
        return f'{{{{if exists . "{key}"}}}}"{key}": {{{{template "v" .{key}}}}}, {{{{end}}}}'
    return f'{{{{with .{key}}}}}"{key}": {_value(form)}, {{{{end}}}}'


def _value(form: Form) -> str:
    if isinstance(form, Mapping):
        return "{ " + _fields(form) + "}"
    if isinstance(form, tuple):
        return "[{{range .}}" + _value(form[0]) + ", {{end}}]"
    return _annotated() if form is keep_annotations else '{{template "v" .}}'


def _annotated() -> str:
    tests = " ".join(f'(eq (printf "%.{len(start)}s" $k) "{start}")' for start in ANNOTATIONS)
    entry = '{{printf "%q" $k}}: {{printf "%q" $v}}, '
    return "{ {{range $k, $v := .}}{{if or " + tests + "}}" + entry + "{{end}}{{end}}}"
