"""`python -m bench.simulator.score FOLDER`: how well `triage analyze` does on simulated stories.

FOLDER holds stories as folders or `.txtar` files; `--seeds FIRST:END` makes them on the fly instead.
Each is analysed by `PYTHON -m triage analyze DIR -o json` in a process of its own; with --inprocess by triage.pipeline.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict
from functools import cache, partial
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from bench.simulator.judge import Answer, Verdict, answers, judge
from bench.simulator.kinds import KINDS
from bench.simulator.story import make_story, read_folder

if TYPE_CHECKING:
    from triage.model.rule import Rulebook

NOW_NS = 1_795_600_000 * 10**9
"""The clock of in-process runs: the same on every day."""
ANSWERED = {0, 3, 4}
BINS = 5
STEPS = ((0, "0"), (1, "1"), (4, "2 to 4"), (20, "5 to 20"), (float("inf"), "more than 20"))


# --------------------------------------------------------------------------------------- asking
def ask_process(folder: str, python: str = sys.executable, timeout_s: float = 60) -> list[Answer]:
    """Run the command line on a folder; RuntimeError when it gives no answer."""
    command = [python, "-m", "triage", "analyze", folder, "-o", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as late:
        raise RuntimeError(f"no answer within {timeout_s:.0f} s") from late
    if done.returncode not in ANSWERED:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip()[-200:]}")
    return answers(json.loads(done.stdout))


def ask_inprocess(folder: str) -> list[Answer]:
    """Run the pipeline on a folder without a process of its own."""
    from triage import pipeline
    from triage.errors import NoEvidenceError

    try:
        report = pipeline.analyze(pipeline.load_bundle([folder], None), _rulebook(), now_ns=NOW_NS)
    except NoEvidenceError:
        return []
    out = []
    for h in report.hypotheses:
        members = (
            [(h.scope.kind, h.scope.member), *((m.kind, m.member) for m in h.scope.indistinguishable)]
            if h.scope
            else []
        )
        out.append(Answer(h.cause, h.probability, h.group, h.upstream, frozenset(members)))
    return out


@cache
def _rulebook() -> Rulebook:
    from triage import pipeline

    return pipeline.load_rulebook(None)


def run_story(source: tuple[str, str | None], ask: Callable[[str], list[Answer]]) -> Verdict:
    """Unpack a story (a path, or a seed with perhaps a kind) into an empty folder, ask, judge."""
    where, kind = source
    if where.isdigit():
        story = make_story(int(where), kind)
        name, files, expect = story.name, story.files, story.expect
    else:
        name = Path(where).stem
        files, expect = read_folder(Path(where))
    with tempfile.TemporaryDirectory() as folder:
        for file, text in files.items():
            Path(folder, file).write_text(text, encoding="utf-8", newline="")
        try:
            return judge(name, expect, ask(folder))
        except Exception as fault:  # whatever breaks is a wrong answer, not the end of the run
            return judge(name, expect, [], f"{type(fault).__name__}: {fault}"[:200])


# --------------------------------------------------------------------------------------- statistics
def ece(ps: list[float], hits: list[float]) -> float:
    """Expected calibration error in five bins."""
    bins: defaultdict[int, float] = defaultdict(float)
    for p, hit in zip(ps, hits, strict=True):
        bins[min(int(p * BINS), BINS - 1)] += p - hit
    return sum(map(abs, bins.values())) / len(ps)


def calibration(rows: list[Verdict], draws: int = 1000) -> tuple[float, float, float]:
    """ECE of the first hypothesis; its median and 95 % point for a perfect program with the same probabilities."""
    ps, rng = [r.p for r in rows], random.Random(1)
    ideal = sorted(ece(ps, [float(rng.random() < p) for p in ps]) for _ in range(draws))
    return ece(ps, [float(r.right) for r in rows]), ideal[draws // 2], ideal[int(draws * 0.95)]


def wilson(k: float, n: int) -> tuple[float, float]:
    """95 % interval of a share.

    >>> tuple(round(x, 3) for x in wilson(0, 100))
    (0.0, 0.037)
    """
    z, p = 1.959964, k / n
    mid, half, scale = p + z * z / 2 / n, z * sqrt(p * (1 - p) / n + z * z / 4 / n / n), 1 + z * z / n
    return max(0.0, (mid - half) / scale), min(1.0, (mid + half) / scale)


def values(rows: list[Verdict], key: str) -> list[float]:
    """The column where it was asked."""
    return [float(v) for r in rows if (v := getattr(r, key)) is not None]


COLUMNS = ("right", "upstream", "scope", "exact", "jaccard", "false_alarm", "unsupported", "second", "second_scope")


def table(rows: list[Verdict]) -> Iterator[str]:
    """Shares per kind, per decidability and in all."""
    yield (
        f"{'':20}{'n':>5}" + "".join(f"{c:>14}" for c in COLUMNS) + f"{'absent':>8}{'errors':>8}{'log':>7}{'Brier':>7}"
    )
    groups = [(kind, [r for r in rows if r.kind == kind]) for kind in sorted({r.kind for r in rows})]
    groups += [(f"decidable {d}", [r for r in rows if r.decidable == d]) for d in ("yes", "partly", "no")]
    for name, group in [*groups, ("all", rows)]:
        if not group:
            continue
        cells = [f"{sum(v) / len(v):.3f}/{len(v)}" if (v := values(group, c)) else "-" for c in COLUMNS]
        tail = f"{sum(bool(r.absent) for r in group):>8}{sum(bool(r.error) for r in group):>8}"
        log, brier = sum(r.log for r in group), sum((r.p - r.right) ** 2 for r in group)
        tail += f"{log / len(group):>7.3f}{brier / len(group):>7.3f}"
        yield f"{name:20}{len(group):>5}" + "".join(f"{c:>14}" for c in cells) + tail


def reliability(rows: list[Verdict]) -> Iterator[str]:
    """Said and found shares by observation level, signs and replicas, with the band of a perfect program."""
    yield f"{'':24}{'n':>6}{'said':>8}{'right':>8}{'ECE':>8}{'perfect':>9}{'95 %':>7}"
    cuts: list[tuple[str, Callable[[Verdict], object]]] = [
        ("level", lambda r: r.level),
        ("signs", lambda r: next(text for limit, text in STEPS if r.signs <= limit)),
        ("replicas", lambda r: next(text for limit, text in STEPS if r.replicas <= limit)),
    ]
    for name, key in cuts:
        for value in sorted({key(r) for r in rows}, key=str):
            group = [r for r in rows if key(r) == value]
            found, median, limit = calibration(group)
            said, right = sum(r.p for r in group) / len(group), sum(r.right for r in group) / len(group)
            head = f"{name} {value}"
            yield f"{head:24}{len(group):>6}{said:>8.3f}{right:>8.3f}{found:>8.3f}{median:>9.3f}{limit:>7.3f}"


def summary(rows: list[Verdict]) -> Iterator[str]:
    """The figures that targets are about, with 95 % intervals."""
    for key in COLUMNS:
        if v := values(rows, key):
            low, high = wilson(sum(v), len(v))
            yield f"{key:14} {sum(v) / len(v):.3f}  [{low:.3f} {high:.3f}]  n {len(v)}"
    found, median, limit = calibration(rows)
    yield f"{'ECE':14} {found:.3f}  (a perfect program: {median:.3f}, 95 % below {limit:.3f})"


# --------------------------------------------------------------------------------------- command line
def sources(folder: Path | None, seeds: str | None, kind: str | None, only: str) -> list[tuple[str, str | None]]:
    """Paths of stories, or seeds."""
    if seeds:
        first, end = (int(x) for x in seeds.split(":"))
        return [(str(seed), kind) for seed in range(first, end)]
    paths = sorted(folder.iterdir()) if folder else []
    return [(str(p), None) for p in paths if only in p.name and (p.suffix == ".txtar" or (p / "expect.yaml").exists())]


def main() -> None:
    """Read the arguments, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulator.score", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seeds", help="FIRST:END: make these stories on the fly")
    parser.add_argument("--kind", choices=sorted(KINDS), help="with --seeds: all of this kind")
    parser.add_argument("--only", default="", help="stories whose name holds this text")
    parser.add_argument("--inprocess", action="store_true", help="call triage.pipeline, no process a story")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--json", type=Path, help="one record a story")
    parser.add_argument("--reliability", action="store_true", help="calibration by level, signs, replicas")
    parser.add_argument("-v", "--verbose", action="store_true", help="list what went wrong")
    options = parser.parse_args()
    todo = sources(options.folder, options.seeds, options.kind, options.only)
    if not todo:
        parser.error("no stories: give a folder that holds some, or --seeds")
    ask = ask_inprocess if options.inprocess else partial(ask_process, python=options.python, timeout_s=options.timeout)
    pool: Executor = ProcessPoolExecutor(options.jobs) if options.inprocess else ThreadPoolExecutor(options.jobs)
    with pool:
        rows = list(pool.map(partial(run_story, ask=ask), todo))
    if options.verbose:
        print("\n".join(_complaint(r) for r in rows if _complaint(r)))
    print("\n".join([*table(rows), "", *summary(rows)]))
    if options.reliability:
        print("\n".join(["", *reliability(rows)]))
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1), encoding="utf-8")


def _complaint(row: Verdict) -> str:
    bad = [k for k in ("upstream", "scope", "exact", "second") if getattr(row, k) is False]
    bad += [k for k in ("false_alarm", "unsupported") if getattr(row, k)] + (["cause"] if not row.right else [])
    bad += [f"absent {c}" for c in row.absent] + ([row.error] if row.error else [])
    return f"{row.story} ({row.decidable}): {', '.join(bad)}: want {row.want} said {row.said}" if bad else ""


if __name__ == "__main__":
    main()
