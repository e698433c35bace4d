"""What every test may rely on: a clean environment, no home directory, and one flag that rewrites approved output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite approved output; read the diff afterwards")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Colour, language, clock and home never come from the machine that runs the tests."""
    for name in (
        "NO_COLOR",
        "FORCE_COLOR",
        "CLICOLOR",
        "TERM",
        "COLUMNS",
        "TRIAGE_DEBUG",
        "KUBECONFIG",
        "GITHUB_ACTIONS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764064800")


@pytest.fixture
def approve(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with the approved file; `pytest --update-golden` approves it."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} does not exist; look at the output and run pytest --update-golden"
        assert text == path.read_text(encoding="utf-8")

    return compare
