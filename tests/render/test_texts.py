"""Every sentence that the code names stands in the catalogue, and none stands there for nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.render.texts import ROOT, templates

TEXTS = templates()
FAMILIES = sorted({key.partition(".")[0] for key in TEXTS})
LITERAL = re.compile(rf"""f?["']((?:{"|".join(FAMILIES)})\.[a-z0-9{{}}_.\[\]'-]+)["']""")


def named_in_code() -> Iterator[tuple[str, str]]:
    """Keys as they stand in the code, `{…}` of an f-string included, with the file."""
    for path in sorted((ROOT / "triage").rglob("*.py")):
        for match in LITERAL.finditer(path.read_text(encoding="utf-8")):
            yield match[1], str(path.relative_to(ROOT))


def pattern(key: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{.*?\\\}", "[a-z0-9-]+", re.escape(key)) + r"(?:\.(?:wanted|reason|one|many|all))?")


def test_no_text_is_missing() -> None:
    missing = {
        (key, file)
        for key, file in named_in_code()
        if not key.endswith((".py", ".yaml", ".txt", ".txtar")) and not any(map(pattern(key).fullmatch, TEXTS))
    }
    assert not missing


def test_no_text_is_left_over() -> None:
    named = {pattern(key) for key, _ in named_in_code()}
    rules = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*/rule.yaml"))
    by_rules = {k for k in TEXTS if re.search(rf"(where|when): {re.escape(k.partition('.')[2])}\b", rules)}
    groups = tuple(f"how.{name}." for name in re.findall(r"\{how: ([a-z-]+)\}", rules))
    ways = {k for k in TEXTS if k.startswith(groups)}
    by_rules |= ways | {f"when.{way.rpartition('.')[2]}" for way in ways} | {f"{k}-unknown" for k in by_rules}
    assert not {k for k in TEXTS if k not in by_rules and not any(p.fullmatch(k) for p in named)}
