"""All measures of reading in one table: python -m bench.measures FOLDER [GB ...] (1 2 4 10 unless told).

Makes its logs in FOLDER (three times the largest size in all) and leaves them there. Commands that are compared run
in turn, the page cache is warm, each figure is the median of three. Run it on an idle machine; ratios bear a busy one
better. Engines are compared where they are installed, and must count the same as each other and as `triage`.
"""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.engines import TRIAGE, as_bounded, counts_of, digest_of, engines, mawk_twice

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


def grep(files: list[str]) -> list[str]:
    return ["grep", "-c", "plugin/errors", *files]


def piped(script: str, files: list[str]) -> list[str]:
    return ["sh", "-c", script, "sh", *files]


def made(folder: Path, name: str, *options: str) -> list[str]:
    """Logs of this name, made once."""

    def make(unfinished: Path) -> None:
        subprocess.run([sys.executable, ROOT / "bench/logs.py", unfinished, *options], check=True)

    return once(folder / name, make)


def packed(where: Path, ending: str, pack: Callable[[bytes], bytes], files: list[str]) -> list[str]:
    """The same files, compressed once."""

    def make(unfinished: Path) -> None:
        for file in map(Path, files):
            (unfinished / f"{file.name}.{ending}").write_bytes(pack(file.read_bytes()))

    return once(where, make)


def once(where: Path, make: Callable[[Path], object]) -> list[str]:
    """Files of a folder; what was begun and broken off is begun again."""
    if not where.exists():
        unfinished = where.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        make(unfinished)
        unfinished.rename(where)
    return sorted(map(str, where.iterdir()))


def run(command: list[str], out: Path) -> tuple[float, float, float]:
    """Wall and processor seconds, peak MiB."""
    with out.open("wb") as sink:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=sink)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    if status and command[0] != "grep":
        raise SystemExit(f"{command[0]} failed")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def compared(folder: Path, commands: dict[str, list[str]]) -> Figures:
    """Medians of commands that run in turn; what each printed stands in `NAME.out`."""
    took: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            # `cat` would print all of it.
            took[name].append(run(command, Path(os.devnull) if name == "cat" else folder / f"{name}.out"))
    medians = {name: [statistics.median(column) for column in zip(*runs, strict=True)] for name, runs in took.items()}
    return {name: (wall, cpu, peak) for name, (wall, cpu, peak) in medians.items()}


def tell(what: str, must: str, measured: str) -> None:
    print(f"| {what} | {must} | {measured} |", flush=True)


def ratio(figures: Figures, ours: str, theirs: str) -> str:
    """Of wall seconds, and of processor seconds."""
    (a, b, _), (c, d, _) = figures[ours], figures[theirs]
    return f"{a / c:.2f} x ({a:.2f} / {c:.2f} s; CPU {b / d:.2f} x)"


def pair(folder: Path, what: str, must: str, above: list[str], below: list[str]) -> None:
    """A row of the table: how many times longer the first command takes."""
    tell(what, must, ratio(compared(folder, {"above": above, "below": below}), "above", "below"))


def start(folder: Path) -> tuple[float, float]:
    """Start-up and a small story; the seconds of the latter, and the peak of pandas."""
    commands = {
        "help": [triage()[0], "--help"],
        "story": triage(ROOT / "sample_logs/master-subnet"),
        "pandas": [sys.executable, "-c", "import pandas"],
    }
    figures = compared(folder, commands)
    tell("`triage --help`", "0.15 s", f"{figures['help'][0]:.2f} s")
    tell("founding story, whole process", "1.0 s", f"{figures['story'][0]:.2f} s")
    tell("import of pandas alone", "", f"{figures['pandas'][0]:.2f} s, {figures['pandas'][2]:.0f} MiB")
    return figures["story"][0], figures["pandas"][2]


def queries(folder: Path, sizes: list[int], small: float, pandas_mib: float) -> None:
    """Query logs of growing size against what only looks at bytes."""
    walls: dict[int, float] = {}
    for size in sizes:
        files = made(folder, f"q{size}", "--size", f"{size}G")
        commands = {
            "grep": grep(files),
            "wc": ["wc", "-l", *files],
            "cat": ["cat", *files],
            "triage": triage(*files),
            "one": triage("--workers", "1", *files),
        }
        figures = compared(folder, commands)
        walls[size] = figures["triage"][0]
        tell(f"{size} GB of query logs / `grep -c plugin/errors`", "0.6 x from 4 GB", ratio(figures, "triage", "grep"))
        tell("... one worker / `grep -c`", "1.0 x from 4 GB", ratio(figures, "one", "grep"))
        tell("... / `wc -l`", "", ratio(figures, "triage", "wc"))
        tell("... / `cat`", "", ratio(figures, "triage", "cat"))
        peak = max(figures["triage"][2], figures["one"][2])
        tell("... peak memory above pandas' own", "64 MiB", f"{peak - pandas_mib:.0f} MiB ({peak:.0f})")
    low, high = min(sizes), max(sizes)
    growth = (walls[high] - small) / (walls[low] - small)
    tell(f"time({high} GB) / time({low} GB), less start", f"{1.05 * high / low:.1f}", f"{growth:.1f}")


def general(folder: Path, size: int, files: list[str]) -> None:
    """General engines on query logs; all must count the same."""
    theirs = engines(files)
    figures = compared(folder, {"triage": triage(*files), "counted": [sys.executable, "-c", TRIAGE, *files], **theirs})
    for name in theirs:
        tell(f"{name} / `triage`, {size} GB", "8 x for the fastest", ratio(figures, name, "triage"))
    counts = {name: counts_of((folder / f"{name}.out").read_text()) for name in ("counted", *theirs)}
    digests = {digest_of(counts[name]) for name in theirs}
    bounded = {digest_of(counts["counted"])} | {digest_of(as_bounded(counts[n], counts["counted"])) for n in theirs}
    if len(digests) > 1 or len(bounded) > 1:
        raise SystemExit(f"the counts differ: { {name: digest_of(found) for name, found in counts.items()} }")
    rows = f"{len(counts[next(iter(theirs))])} rows {digests.pop()}" if theirs else "no engine"
    ours = f"{len(counts['counted'])} rows {bounded.pop()}"
    tell("digest of their counts; of those of `triage`, equal to theirs", "", f"{rows}; {ours}")


def compressed(folder: Path, size: int, files: list[str]) -> None:
    """Query logs as .gz and .zst, in several files and in one."""
    ways: dict[str, tuple[str, Callable[[bytes], bytes]]] = {"gz": ("zcat", lambda raw: gzip.compress(raw, 6))}
    if importlib.util.find_spec("backports.zstd") and shutil.which("zstdcat"):
        ways["zst"] = ("zstdcat", lambda raw: importlib.import_module("backports.zstd").compress(raw, 3))
    for ending, (tool, pack) in ways.items():
        many = packed(folder / f"{ending}{size}", ending, pack, files)
        one = once(folder / f"one-{ending}{size}", lambda unfinished: joined(many, unfinished))  # noqa: B023 - called at once
        for what, these in ((f"{len(many)} .{ending}", many), (f"one .{ending}", one)):
            script = f'{tool} "$@" | grep -c plugin/errors'
            must = "7 x" if ending == "gz" else ""
            named = f"`{tool} \\| grep -c` / `triage`, {size} GB in {what}"
            pair(folder, named, must, piped(script, these), triage(*these))


def joined(files: list[str], folder: Path) -> None:
    """The members of all files in one, as a file that is longer has them."""
    with (folder / Path(files[0]).name).open("wb") as out:
        for file in files:
            out.write(Path(file).read_bytes())


def shapes(folder: Path) -> None:
    """Errors only, records of docker, many replicas."""
    for size in ("200M", "1G"):
        files = made(folder, f"errors-{size}", "--size", size, "--kind", "errors")
        named = f"grep, sed, sort, uniq / `triage`, {size} of errors"
        pair(folder, named, "50 x", piped(PIPELINE, files), triage(*files))
    files = made(folder, "docker", "--size", "256M", "--framing", "docker")
    pair(folder, "JSON lines of docker, 256 MB / `grep -c`", "", triage(*files), grep(files))
    files = made(folder, "replicas", "--size", "500M", "--replicas", "50")
    pair(folder, "50 replicas of 10 MB / `grep -c`", "", triage(*files), grep(files))


def without_kernel(folder: Path, size: str, files: list[str]) -> None:
    """The twin in processes against two of the quickest interpreter."""
    alone = [sys.executable, "-c", WITHOUT_KERNEL, *triage(*files)[1:]]
    pair(folder, f"without the kernel / mawk x 2, {size}", "1.3 x", alone, mawk_twice(files))


def main() -> None:
    folder = Path(sys.argv[1])
    sizes = [int(word) for word in sys.argv[2:]] or [1, 2, 4, 10]
    folder.mkdir(parents=True, exist_ok=True)
    print(f"load {os.getloadavg()[0]:.1f}\n\n| what | must | measured |\n|---|---|---|")
    queries(folder, sizes, *start(folder))
    without_kernel(folder, "256 MB", made(folder, "q0", "--size", "256M"))
    for size in (1, 4):
        files = made(folder, f"q{size}", "--size", f"{size}G")
        without_kernel(folder, f"{size} GB", files)
        general(folder, size, files)
        compressed(folder, size, files)
    shapes(folder)


if __name__ == "__main__":
    main()
