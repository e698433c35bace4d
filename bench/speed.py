"""How fast `triage analyze` reads, against tools that everybody has: python bench/speed.py FOLDER [ROUNDS].

Make the folder with bench/logs.py. All commands run in turn, so that a busy machine slows each of them; what counts are
the ratios. The lines that the report tells must be those that `wc -l` counts; mawk, DuckDB and polars, where they are
installed beside the project, must give equal counts of failures and queries by minute, client and answer.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AWK = (
    '$2=="[ERROR]"{e[substr($1,1,16)]++} '
    '$2=="[INFO]"{split($3,c,":"); q[substr($1,1,16) " " c[1] " " $(NF-3)]++} '
    'END{for(k in e) print "E", k, e[k]; for(k in q) print "Q", k, q[k]}'
)
DUCKDB = r"""
import sys, duckdb
lines = duckdb.sql(
    "SELECT string_split(l, ' ') w FROM read_csv($files, delim='\x01', header=false, quote='', escape='', "
    "auto_detect=false, columns={'l': 'VARCHAR'})", params={"files": sys.argv[1:]}
)
for row in duckdb.sql("SELECT 'E', w[1][:16], count(*) FROM lines WHERE w[2] = '[ERROR]' GROUP BY ALL").fetchall():
    print(*row)
for row in duckdb.sql(
    "SELECT 'Q', w[1][:16], string_split(w[3], ':')[1], w[-4], count(*) FROM lines WHERE w[2] = '[INFO]' GROUP BY ALL"
).fetchall():
    print(*row)
"""
POLARS = r"""
import sys, polars as pl
w = pl.scan_csv(sys.argv[1:], separator="\x01", has_header=False, quote_char=None, new_columns=["l"]).select(
    pl.col("l").str.split(" ").alias("w")
).select(
    pl.col("w").list.get(0).str.slice(0, 16).alias("m"), pl.col("w").list.get(1).alias("level"),
    pl.col("w").list.get(2).str.split(":").list.get(0).alias("c"), pl.col("w").list.get(-4).alias("r"),
)
errors = w.filter(pl.col("level") == "[ERROR]").group_by("m").len()
queries = w.filter(pl.col("level") == "[INFO]").group_by("m", "c", "r").len()
for kind, frame in zip("EQ", pl.collect_all([errors, queries], engine="streaming")):
    for row in frame.iter_rows():
        print(kind, *row)
"""
ENGINES = {"duckdb": DUCKDB, "polars": POLARS}
"""General engines that count the same as the awk program, where they are installed: programs of Python."""


def commands(folder: Path, report: Path) -> dict[str, list[str]]:
    files = sorted(str(p) for p in folder.iterdir() if p.suffix in {".log", ".gz", ".zst"})
    triage = [
        str(Path(sys.executable).with_name("triage")),
        "analyze",
        "-q",
        "-o",
        "json",
        "--output-file",
        str(report),
    ]
    if files[0].endswith((".gz", ".zst")):
        tool = "zcat" if files[0].endswith(".gz") else "zstdcat"
        piped = ["sh", "-c", f'{tool} "$@" | grep -c plugin/errors', "sh", *files]
        return {f"{tool} | grep -c": piped, "triage analyze": [*triage, str(folder)]}
    found = {
        "grep -c plugin/errors": ["grep", "-c", "plugin/errors", *files],
        "wc -l": ["wc", "-l", *files],
        "cat": ["cat", *files],
        "triage analyze": [*triage, str(folder)],
        "triage analyze --workers 1": [*triage, "--workers", "1", str(folder)],
    }
    if shutil.which("mawk"):
        found["mawk"] = ["mawk", AWK, *files]
    return found | engines(files)


def engines(files: list[str]) -> dict[str, list[str]]:
    """Commands of the general engines that are installed."""
    return {
        name: [sys.executable, "-c", program, *files]
        for name, program in ENGINES.items()
        if importlib.util.find_spec(name) is not None
    }


def run(command: list[str], out: Path) -> tuple[float, float, float, str]:
    """Wall and processor seconds, peak MiB, and what it printed."""
    with out.open("wb") as sink:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=sink)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    if status and command[0] != "grep":
        raise SystemExit(f"{command[0]} failed")
    # What a large file prints is of no interest; `cat` would be all of it.
    said = "" if command[0] == "cat" else out.read_text(errors="replace")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said


def main() -> None:
    folder, rounds = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    size = sum(p.stat().st_size for p in folder.iterdir())
    with tempfile.TemporaryDirectory() as scratch:
        report, out = Path(scratch, "report.json"), Path(scratch, "out")
        todo = commands(folder, report)
        digests: dict[str, str] = {}
        took: dict[str, list[tuple[float, float, float]]] = {name: [] for name in todo}
        lines = 0
        for _ in range(rounds):
            for name, command in todo.items():
                wall, cpu, peak, said = run(command, Path(os.devnull) if name == "cat" else out)
                took[name].append((wall, cpu, peak))
                if name in ("mawk", *ENGINES):
                    digests[name] = hashlib.sha256("\n".join(sorted(said.splitlines())).encode()).hexdigest()[:12]
                if name == "wc -l":
                    lines = int(said.split()[-2])
        told = sum(r["lines"] for r in json.loads(report.read_text())["coverage"]["replicas"])
    base = next(iter(took))
    wall0, cpu0 = (statistics.median(t[i] for t in took[base]) for i in (0, 1))
    print(f"{size / 1e9:.2f} GB, median of {rounds}; ratios to {base}\n")
    print("| command | wall s | ratio | CPU s | ratio | peak MiB |\n|---|---|---|---|---|---|")
    for name, runs in took.items():
        wall, cpu, peak = (statistics.median(t[i] for t in runs) for i in range(3))
        print(f"| `{name}` | {wall:.2f} | {wall / wall0:.2f} | {cpu:.2f} | {cpu / cpu0:.2f} | {peak:.0f} |")
    print("".join(f"\ncounts of {name}: {digest}" for name, digest in digests.items()))
    print(f"\nlines: wc -l {lines or 'not asked'}, report {told}")
    if (lines and lines != told) or len(set(digests.values())) > 1:
        raise SystemExit("the counts differ")


if __name__ == "__main__":
    main()
