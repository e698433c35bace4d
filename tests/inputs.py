"""Every input that the project has: its stories, and the evidence of the cases beside the rules."""

from __future__ import annotations

from pathlib import Path

from triage.rulebook.cases import parse_case, unpack
from triage.rulebook.mistakes import Mistakes

ROOT = Path(__file__).resolve().parent.parent
STORIES = sorted(
    f"sample_logs/{path.name}" for path in (ROOT / "sample_logs").iterdir() if path.is_dir() and any(path.iterdir())
)
CASES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "rules").glob("*/cases/*.txtar"))
INPUTS = [*STORIES, *CASES]


def folder_of(name: str, scratch: Path) -> Path:
    """The evidence folder of an input; a case is unpacked into `scratch`."""
    path = ROOT / name
    if path.is_dir():
        return path
    cause = path.parent.parent.name
    case = parse_case(path.read_text(encoding="utf-8"), file=name, cause=cause, causes={cause}, mistakes=Mistakes())
    assert case is not None
    scratch.mkdir(exist_ok=True)
    unpack(case, scratch)
    return scratch
