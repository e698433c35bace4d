"""`python -m bench.calibrate [FOLDER …]`: fit the numbers of `rules/calibration.yaml`, and tell how reliable they are.

Sees simulated stories (`--seeds`), the cases beside the rules, and the stories of each FOLDER (folders or `.txtar`
files with an `expect.yaml`: `first`, the accepted causes, and `decidable`). `--held` are seeds that only judge. Takes
about a second of CPU for four stories.
"""

from __future__ import annotations

import argparse
import hashlib
import shlex
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.calibrate.fit import fit
from bench.calibrate.page import data, page
from bench.calibrate.records import Record, neutral, numbers_hash, record_of

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "rules" / "calibration.yaml"
PAGE = ROOT / "docs" / "calibration.md"


def seeds(span: str) -> list[tuple[str, str]]:
    """`FIRST:END` as sources."""
    first, end = (int(x) for x in span.split(":"))
    return [("simulator", str(seed)) for seed in range(first, end)]


def stories(folders: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Every story of these folders, named after its folder."""
    for folder in folders:
        for path in sorted(folder.rglob("*.txtar")):
            yield folder.name, str(path)
        for path in sorted(folder.rglob("expect.yaml")):
            yield folder.name, str(path.parent)


def main() -> None:
    """Read the arguments, collect, fit, print; with --write also store."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibrate", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--seeds", default="0:900")
    parser.add_argument("--held", default="900:1300")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="store rules/calibration.yaml and docs/calibration.md")
    options = parser.parse_args()
    rules = [("rule cases", str(p)) for p in sorted((ROOT / "rules").glob("*/cases/*.txtar"))]
    todo = [*seeds(options.seeds), *rules, *stories(options.folders)]
    with ProcessPoolExecutor(options.jobs) as pool:
        seen = _known(pool.map(record_of, todo, chunksize=4))
        held = _known(pool.map(record_of, seeds(options.held), chunksize=4))
    found = fit(seen)
    command = shlex.join(["python", "-m", "bench.calibrate", *[Path(a).name if "/" in a else a for a in sys.argv[1:]]])
    text = page(found, seen, held, command)
    print(text)
    if options.write:
        provenance = {
            "command": command,
            "numbers_of_rules": numbers_hash(neutral()),
            "rule_cases": _hash_of(Path(where) for _, where in rules),
            "folders": _hash_of(Path(where) for _, where in stories(options.folders)),
        }
        DATA.write_text(data(found, seen, provenance), encoding="utf-8")
        PAGE.write_text(text, encoding="utf-8")


def _known(records: Iterator[Record | None]) -> list[Record]:
    return [r for r in records if r is not None]


def _hash_of(paths: Iterator[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        for file in [path] if path.is_file() else sorted(p for p in path.iterdir() if p.is_file()):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    main()
