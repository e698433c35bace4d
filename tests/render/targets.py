"""Each form as its target reads it: parsed by a real parser or against the target's schema, its limits looked at.

A reader returns what a person then sees as text. It knows nothing of how the form was made.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import re
from collections.abc import Iterator
from email import message_from_string, policy
from pathlib import Path

import html5lib
import yaml
from jsonschema import Draft202012Validator
from jsonschema_rs import Draft4Validator
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from tests.render.texts import ROOT

DATA = Path(__file__).parent / "data"
ADF = Draft4Validator(json.loads((DATA / "adf-schema.json").read_text(encoding="utf-8")))
REPORT = Draft202012Validator(json.loads((ROOT / "schemas" / "triage.report-1.json").read_text(encoding="utf-8")))
TRACKER = MarkdownIt("gfm-like")
OURS = {"<details>", "<summary>", "</summary>", "</details>"}
ACTS = re.compile(
    r"(?<![\w`])[@#!~$%&][A-Za-z0-9]|://|\bwww\.|^/[a-z]|\w@\w|(?<!\w):[a-z_]+:|\b[A-Z]{2,}-\d|<[a-z!@#/]"
    r"|\[\[|javascript:",
    re.MULTILINE,
)
"""What trackers and chats make something of outside code: mentions, references, links, quick actions, icons, issues."""


def inert(prose: str) -> None:
    """Nothing in text outside code acts."""
    found = ACTS.search(prose)
    assert not found, prose[max(0, found.start() - 40) : found.end() + 40]


def visible_only(text: str) -> None:
    """No character acts on a terminal or hides."""
    assert all(line.isprintable() for line in text.split("\n"))


def strings(data: object) -> Iterator[str]:
    """Every text in plain data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from strings(value)


def read_text(text: str) -> str:
    return text


def read_json(text: str) -> str:
    data = json.loads(text)
    REPORT.validate(data)
    return "\n".join(strings(data))


def read_yaml(text: str) -> str:
    data = yaml.safe_load(text)
    REPORT.validate(data)
    assert not re.search(r"(?m)^[^'\"\n]*: [&*!]", text), "an anchor, an alias or a tag"
    return "\n".join(strings(data))


def read_csv(text: str) -> str:
    rows = list(csv.reader(io.StringIO(text), strict=True))
    assert len({len(row) for row in rows}) == 1
    assert all(len(cell) <= 32_767 for row in rows for cell in row)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    return "\n".join(cell for row in rows for cell in row)


def read_markdown(text: str) -> str:
    assert len(text) <= 30_000
    seen, prose = [], []
    for token in TRACKER.parse(text):
        for part in (token, *(token.children or ())):
            assert part.type not in {"link_open", "image"}, part
            if part.type in {"html_block", "html_inline"}:
                tags = re.findall(r"<[^>]*>", part.content)
                assert set(tags) <= OURS
                prose.append(html.unescape(re.sub(r"<[^>]*>", "", part.content)))
            elif part.type in {"text", "code_inline", "fence"}:
                (prose if part.type == "text" else seen).append(part.content)
        if token.type == "code_block":
            raise AssertionError("an indented block that nobody wrote")
    assert text.count("<details>") == text.count("\n</details>\n")
    inert("\n".join(prose))
    return "\n".join(seen + prose)


def read_adf(text: str) -> str:
    assert len(text) <= 30_000
    data = json.loads(text)
    ADF.validate(data)
    nodes = list(_adf_texts(data))
    assert all(node["text"] for node in nodes)
    inert("\n".join(node["text"] for node in nodes if "code" not in _marks(node) and not node.get("block")))
    return "\n".join(node["text"] for node in nodes)


def _marks(node: dict) -> set[str]:
    return {mark["type"] for mark in node.get("marks", ())}


def _adf_texts(node: dict, block: bool = False) -> Iterator[dict]:
    if node["type"] == "text":
        yield {**node, "block": block}
    for child in node.get("content", ()):
        yield from _adf_texts(child, block or node["type"] == "codeBlock")


def read_wiki(text: str) -> str:
    """Jira's renderer is no library: blocks are taken out, then nothing but our own markup may be left."""
    assert len(text) <= 30_000
    blocks = re.findall(r"(?ms)^\{noformat\}\n(.*?)\n\{noformat\}$", text)
    rest = re.sub(r"(?ms)^\{noformat\}\n.*?\n\{noformat\}$", "", text)
    assert "noformat" not in rest.lower().replace("&#123;noformat", "")
    names = re.findall(r"\{\{(.*?)\}\}", rest)
    assert not [name for name in names if re.search(r"[{}\[\]|*_+^~!#\\/@=<>?\"'`$]", name.replace("&#", ""))]
    prose = re.sub(r"\{\{.*?\}\}", "NAME", rest)
    prose = re.sub(r"(?m)^(h[23]\. |\* )", "", prose)
    prose = re.sub(r"(?m)^\*([^*\n]*)\*", r"\1", prose)
    prose = re.sub(r"(?m)^\|.*\|$", lambda m: m[0].replace("|", " "), prose)
    markup = r"[{}\[\]|*_+^~!\\@<>?]|:\)|;\)|\([a-z!/+?-]\)|^bq\.|----|\b[A-Z]{2,}-\d"
    found = re.search(markup, prose.replace("&#", ""), re.MULTILINE)
    assert not found, prose.replace("&#", "")[max(0, found.start() - 40) : found.end() + 40]
    return html.unescape("\n".join([*blocks, rest]))


def read_slack(text: str) -> str:
    message = json.loads(text)
    assert set(message) == {"text", "mrkdwn", "blocks"}
    assert 0 < len(message["text"]) <= 4000
    assert 0 < len(message["blocks"]) <= 50
    seen = [message["text"]]
    for part in message["blocks"]:
        for field in part.get("elements", [part.get("text")]):
            most = {"header": 150, "section": 3000, "context": 2000}[part["type"]]
            assert 0 < len(field["text"]) <= most, part["type"]
            if field["type"] == "mrkdwn":
                assert field["text"].count("```") in {0, 2}
                assert not re.search(r"[<>]|&(?!lt;|gt;|amp;)", field["text"]), "Slack makes a link or mention of it"
                inert(re.sub(r"(?s)```.*?```|`[^`\n]*`", "", html.unescape(field["text"])))
                assert field["verbatim"] is True, "Slack would look for links and names"
            seen.append(html.unescape(field["text"]) if field["type"] == "mrkdwn" else field["text"])
    return "\n".join(seen)


def read_email(text: str) -> str:
    assert text.isascii()
    assert len(text) <= 100_000
    assert max(map(len, text.split("\n"))) <= 998
    message = message_from_string(text, policy=policy.default)
    assert not message.defects
    assert message.get_content_type() == "multipart/alternative"
    assert set(message.keys()) == {"Subject", "Date", "Auto-Submitted", "MIME-Version", "Content-Type"}
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    return message["Subject"] + "\n" + parts[0].get_content() + "\n" + read_page(parts[1].get_content())


PAGE = {
    "html", "head", "meta", "title", "body", "h2", "h3", "p", "ul", "li", "strong", "code", "pre", "table", "thead",
    "tbody", "tr", "th", "td",
}  # fmt: skip


def read_page(text: str) -> str:
    """The texts of an HTML page that has only the elements and attributes we write."""
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    for node in tree.iter():
        assert node.tag in PAGE, node.tag
        assert set(node.attrib) <= {"lang", "charset", "scope"}, node.attrib
    return "\n".join(tree.itertext())


POLICY = (
    r"default-src 'none'; style-src 'sha256-[\w+/=]{44}'; script-src 'sha256-[\w+/=]{44}'; base-uri 'none'; "
    r"form-action 'none'"
)
CHARTS = {
    "a", "main", "h1", "dl", "dt", "dd", "div", "button", "caption", "details", "summary", "footer", "style", "script",
    "span", "svg", "rect", "line", "text", "path", "ol",
}  # fmt: skip


def read_html(text: str) -> str:
    """Nothing that loads, runs or styles but our own style and script, which the policy names by their hashes."""
    assert len(text.encode()) <= 2_000_000
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    names = [node.tag.rpartition("}")[2] for node in tree.iter()]
    assert set(names) <= PAGE | CHARTS
    assert names.count("script") == names.count("style") == names.count("h1") == 1
    for node in tree.iter():
        assert not [key for key in node.attrib if key.startswith("on") or key in {"style", "src"}]
        assert node.attrib.get("href", "#").startswith("#")
    policies = [meta.attrib["content"] for meta in tree.iter("meta") if "http-equiv" in meta.attrib]
    assert [bool(re.fullmatch(POLICY, policy)) for policy in policies] == [True]
    for name in ("style", "script"):
        inside = next(tree.iter(name)).text
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policies[0]
    return "\n".join(tree.itertext())


def read_prometheus(text: str) -> str:
    seen, samples = [], set()
    for family in text_string_to_metric_families(text):
        assert family.name.startswith("coredns_triage_")
        assert family.documentation
        assert family.type == "gauge"
        for sample in family.samples:
            assert sample.timestamp is None, "the collector refuses times"
            assert set(sample.labels) <= {"state", "kind", "upstream", "cause", "scope_kind"}
            samples.add((sample.name, *sorted(sample.labels.items())))
            seen += sample.labels.values()
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    assert len(lines) == len(samples) <= 100
    return "\n".join(seen)


READERS = {
    "text": read_text,
    "wide": read_text,
    "json": read_json,
    "yaml": read_yaml,
    "csv": read_csv,
    "markdown": read_markdown,
    "github": read_markdown,
    "gitlab": read_markdown,
    "jira": read_adf,
    "jira-wiki": read_wiki,
    "slack": read_slack,
    "email": read_email,
    "html": read_html,
    "prometheus": read_prometheus,
}
