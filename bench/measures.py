"""All measures of reading in one table: python -m bench.measures FOLDER [GB ...] (1 2 4 10 unless told).

Makes its logs in FOLDER (twice the largest size in all) and leaves them there. Commands that are compared run in turn,
the page cache is warm, each figure is the median of three. Run it on an idle machine; ratios bear a busy one better.
"""

from __future__ import annotations

import gzip
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from bench.speed import AWK, run
from bench.speed import engines as engines_of

ROUNDS = 3
ROOT = Path(__file__).parents[1]
PIPELINE = (
    'cat "$@" | grep -F plugin/errors | '
    r"sed -E 's/^[^[]*//; s/:[0-9]+->/->/; s/[^ ]+ ([A-Z]+): /\1: /' | sort | uniq -c"
)
"""What people paste to see which errors there are."""
WITHOUT_KERNEL = (
    "import sys; sys.modules['triage.reading._kernel'] = None; from triage.cli import main; sys.exit(main())"
)
Figures = dict[str, tuple[float, float, float]]
"""By command: wall seconds, processor seconds, peak MiB."""


def triage(*words: object) -> list[str]:
    return [str(Path(sys.executable).with_name("triage")), "analyze", "-q", *map(str, words)]


def made(folder: Path, name: str, *options: str) -> list[str]:
    """Logs of this name, made once."""
    where = folder / name
    if not where.exists():
        unfinished = folder / f"{name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        subprocess.run([sys.executable, ROOT / "bench/logs.py", unfinished, *options], check=True)
        unfinished.rename(where)
    return sorted(map(str, where.iterdir()))


def compared(folder: Path, commands: dict[str, list[str]]) -> Figures:
    """Medians of commands that run in turn."""
    out = folder / "out"
    took: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            took[name].append(run(command, out)[:3])
    medians = {name: [statistics.median(column) for column in zip(*runs, strict=True)] for name, runs in took.items()}
    return {name: (wall, cpu, peak) for name, (wall, cpu, peak) in medians.items()}


def tell(what: str, must: str, measured: str) -> None:
    print(f"| {what} | {must} | {measured} |", flush=True)


def ratio(figures: Figures, ours: str, theirs: str) -> str:
    """Of wall seconds, and of processor seconds."""
    (a, b, _), (c, d, _) = figures[ours], figures[theirs]
    return f"{a / c:.2f} x ({a:.2f} / {c:.2f} s; CPU {b / d:.2f} x)"


def start(folder: Path) -> float:
    """Start-up and a small story; the seconds of the latter."""
    commands = {
        "help": [triage()[0], "--help"],
        "story": triage(ROOT / "sample_logs/master-subnet"),
        "pandas": [sys.executable, "-c", "import pandas"],
    }
    figures = compared(folder, commands)
    tell("`triage --help`", "0.15 s", f"{figures['help'][0]:.2f} s")
    tell("founding story, whole process", "1.0 s", f"{figures['story'][0]:.2f} s")
    tell("import of pandas alone", "", f"{figures['pandas'][0]:.2f} s, {figures['pandas'][2]:.0f} MiB")
    return figures["story"][0]


def queries(folder: Path, sizes: list[int], small: float) -> None:
    """Query logs of growing size against grep."""
    walls: dict[int, float] = {}
    for size in sizes:
        files = made(folder, f"q{size}", "--size", f"{size}G")
        commands = {
            "grep": ["grep", "-c", "plugin/errors", *files],
            "wc": ["wc", "-l", *files],
            "triage": triage(*files),
            "one": triage("--workers", "1", *files),
        }
        figures = compared(folder, commands)
        walls[size] = figures["triage"][0]
        tell(f"{size} GB of query logs / `grep -c plugin/errors`", "0.6 x from 4 GB", ratio(figures, "triage", "grep"))
        tell(f"... one worker / `grep -c`, peak {figures['one'][2]:.0f} MiB", "1.0 x", ratio(figures, "one", "grep"))
        tell(f"... `triage` / `wc -l`, peak {figures['triage'][2]:.0f} MiB", "", ratio(figures, "triage", "wc"))
    low, high = min(sizes), max(sizes)
    growth = (walls[high] - small) / (walls[low] - small)
    tell(f"time({high} GB) / time({low} GB), less start", f"{1.05 * high / low:.1f}", f"{growth:.1f}")


def mawk_twice(files: list[str]) -> list[str]:
    """The awk program in two processes."""
    return ["sh", "-c", 'awk=$1; shift; printf "%s\\n" "$@" | xargs -P2 -n4 mawk "$awk"', "sh", AWK, *files]


def engines(folder: Path) -> None:
    """General engines on 1 GB; `bench/speed.py` tells whether their counts are equal."""
    files = made(folder, "q1", "--size", "1G")
    commands = {"triage": triage(*files), "mawk x 2": mawk_twice(files), **engines_of(files)}
    figures = compared(folder, commands)
    for name in commands:
        if name != "triage":
            tell(f"{name} / `triage`, 1 GB", "8 x for the fastest", ratio(figures, name, "triage"))


def shapes(folder: Path) -> None:
    """Compressed, errors only, records of docker, many replicas, no kernel."""
    quarter = made(folder, "q0", "--size", "256M")
    packed = folder / "gz"
    packed.mkdir(exist_ok=True)
    for file in map(Path, made(folder, "q1", "--size", "1G")):
        if not (packed / f"{file.name}.gz").exists():
            (packed / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 6))
    files = sorted(map(str, packed.iterdir()))
    zcat = ["sh", "-c", 'zcat "$@" | grep -c plugin/errors', "sh", *files]
    tell(
        "`zcat | grep -c` / `triage`, 1 GB in 8 .gz",
        "7 x",
        ratio(compared(folder, {"a": zcat, "b": triage(*files)}), "a", "b"),
    )
    files = made(folder, "e", "--size", "200M", "--kind", "errors")
    pasted = ["sh", "-c", PIPELINE, "sh", *files]
    tell(
        "grep, sed, sort, uniq / `triage`, 200 MB of errors",
        "50 x",
        ratio(compared(folder, {"a": pasted, "b": triage(*files)}), "a", "b"),
    )
    for what, options in (
        ("docker", ["--size", "256M", "--framing", "docker"]),
        ("50 replicas", ["--size", "500M", "--replicas", "50"]),
    ):
        files = made(folder, what.replace(" ", ""), *options)
        figures = compared(folder, {"a": triage(*files), "b": ["grep", "-c", "plugin/errors", *files]})
        tell(f"{what}, {options[1]} / `grep -c`", "", ratio(figures, "a", "b"))
    alone = [sys.executable, "-c", WITHOUT_KERNEL, *triage(*quarter)[1:]]
    tell(
        "without the kernel / mawk x 2, 256 MB",
        "1.3 x",
        ratio(compared(folder, {"a": alone, "b": mawk_twice(quarter)}), "a", "b"),
    )


def main() -> None:
    folder = Path(sys.argv[1])
    sizes = [int(word) for word in sys.argv[2:]] or [1, 2, 4, 10]
    folder.mkdir(parents=True, exist_ok=True)
    print(f"load {os.getloadavg()[0]:.1f}\n\n| what | must | measured |\n|---|---|---|")
    small = start(folder)
    queries(folder, sizes, small)
    engines(folder)
    shapes(folder)


if __name__ == "__main__":
    main()
