"""Services on loopback, reports to send, and the command line that sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.cli.conftest import Result, triage  # noqa: F401  a fixture
from tests.deliver.site import Site, serving
from tests.lab.certificates import Authority
from tests.render.reports import HEALTHY, SCOPED, TEXTS
from tests.render.texts import catalogue
from triage.deliver import Parcel
from triage.deliver.network import Network
from triage.model.report import Report
from triage.pipeline import parcel
from triage.render import RENDERERS, Style

LOCAL = "localhost"
WORDS = catalogue(TEXTS)
LATER = replace(SCOPED, generated_ns=SCOPED.generated_ns + 3600 * 10**9)
RIVAL_LEADS = replace(
    LATER, hypotheses=(replace(SCOPED.hypotheses[0], id="e" * 16, rank=1), replace(SCOPED.hypotheses[0], rank=2))
)
WELL = replace(HEALTHY, generated_ns=LATER.generated_ns + 3600 * 10**9)


@dataclass
class Lines:
    """A network without patience of its own: it notes how long it would have waited."""

    waits: list[float] = field(default_factory=list)

    def network(self, **more: object) -> Network:
        how: dict[str, object] = {"mask": str, "allowed": {LOCAL}, "pause": self.waits.append, "timeout_s": 5.0}
        return Network(**{**how, **more})


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Path]:
    """An authority, and the file with its certificate."""
    authority = Authority("tests of delivery")
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_bytes(authority.pem)
    return authority, path


@pytest.fixture(autouse=True)
def _trust(authority: tuple[Authority, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority[1]))
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def serve(authority: tuple[Authority, Path], tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Serve sites until the test ends."""
    with ExitStack() as stack:
        yield lambda site, *names, **how: stack.enter_context(serving(site, authority[0], tmp_path, *names, **how))


@pytest.fixture
def lines() -> Lines:
    return Lines()


def packed(report: Report, cluster: str | None = "prod") -> Parcel:
    return parcel(report, WORDS, source=RENDERERS["json"](report, WORDS, Style()), cluster=cluster)


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[Report], Path]:
    """A report as `-o json` stores it."""

    def store(report: Report) -> Path:
        path = tmp_path / "report.json"
        path.write_text(RENDERERS["json"](report, WORDS, Style()), encoding="utf-8")
        return path

    return store


@pytest.fixture
def send(triage: Callable[..., Result], stored: Callable[[Report], Path]) -> Callable[..., Result]:  # noqa: F811
    """`triage send` of a report to targets on this machine."""
    return lambda report, *args: triage("send", stored(report), *args, "--allow-host", LOCAL)
