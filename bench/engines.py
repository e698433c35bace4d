"""General engines that count what `triage` counts: errors by minute; queries by minute, client and answer."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

AWK = (
    '$2=="[ERROR]"{e[substr($1,1,16)]++} '
    '$2=="[INFO]"{split($3,c,":"); q[substr($1,1,16) " " c[1] " " $(NF-3)]++} '
    'END{for(k in e) print "E", k, e[k]; for(k in q) print "Q", k, q[k]}'
)
TWICE = """
out=$(mktemp -d); export out
printf '%s\\0' "$@" | xargs -0 -P2 -n4 sh -c 'mawk "$0" "$@" > "$out/$$"' "$0"
cat "$out"/*; rm -r "$out"
"""
DUCKDB = r"""
import sys, duckdb
duckdb.sql("SET enable_progress_bar = false")
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
CHDB = r"""
import os, sys, chdb
folder = os.path.dirname(sys.argv[1])
print(chdb.query(
    "SELECT if(w[2] = '[ERROR]', 'E', 'Q') k, substring(w[1], 1, 16) m, if(k = 'E', '', splitByChar(':', w[3])[1]) c, "
    "if(k = 'E', '', w[-4]) r, count() FROM (SELECT splitByChar(' ', line) w FROM "
    f"file('{folder}/*.log', LineAsString)) WHERE w[2] IN ('[ERROR]', '[INFO]') GROUP BY k, m, c, r "
    "SETTINGS max_threads = 2", "TSV"
).bytes().decode().strip().replace("\t", " "))
"""
PROGRAMS = {"duckdb": DUCKDB, "polars": POLARS, "chdb": CHDB}
"""Programs of Python; the name is that of the library."""
TRIAGE = r"""
import sys
from triage import pipeline
seen, _, _ = pipeline.observe(pipeline.load_bundle(sys.argv[1:], None))
print("E", sum(stream.understood - stream.queries for stream in seen.streams))
for row in seen.queries:
    print("Q", row.rcode, row.count)
"""
Counts = Mapping[tuple[str, ...], int]


def engines(files: Sequence[str]) -> dict[str, list[str]]:
    """Commands of those that are installed."""
    found: dict[str, list[str]] = {}
    if shutil.which("mawk"):
        found["mawk x 2"] = mawk_twice(files)
    for name, program in PROGRAMS.items():
        if importlib.util.find_spec(name) is not None:
            found[name] = [sys.executable, "-c", program, *files]
    return found


def mawk_twice(files: Sequence[str]) -> list[str]:
    """The awk program in two processes, each with a file for what it prints."""
    return ["sh", "-c", TWICE, AWK, *files]


def counts_of(said: str) -> Counts:
    """What an engine printed, added up: the last word of a line is a count."""
    counts: Counter[tuple[str, ...]] = Counter()
    for *key, count in map(str.split, said.splitlines()):
        counts[tuple(key)] += int(count)
    return counts


def totals_of(counts: Counts) -> Counts:
    """Errors, and queries by answer."""
    totals: Counter[tuple[str, ...]] = Counter()
    for key, count in counts.items():
        totals[("E",) if key[0] == "E" else ("Q", key[-1])] += count
    return totals


def digest_of(counts: Counts) -> str:
    return hashlib.sha256(repr(sorted(counts.items())).encode()).hexdigest()[:12]
