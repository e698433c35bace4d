"""General engines that count what `triage` counts, without its bounds: four tables, a row printed with its count last.

E replica minute message             errors, without the port that was asked from
Q replica minute qtype rcode log2    queries; the logarithm is that of their milliseconds
C replica minute network             queries by network of the client
N replica name qtype rcode           queries by name, but for those that CoreDNS itself answered (`qr,aa,rd`)
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

AWK = r"""
{ m = FILENAME " " substr($1, 1, 16) }
$2 == "[ERROR]" {
    t = $0; sub(/^[^:]*:[^:]*:[^:]*: [0-9]+ [^ ]+ [A-Z]+: /, "", t); sub(/:[0-9]+->/, "->", t)
    e[m " " t]++
}
$2 == "[INFO]" {
    c = $3; sub(/\.[0-9]+:[0-9]+$/, "", c)
    d = log($16 * 1000) / log(2); l = int(d); if (l > d) l--
    k = substr($6, 2) " " $13
    q[m " " k " " l]++
    p[m " " c]++
    if ($14 != "qr,aa,rd") n[FILENAME " " $8 " " k]++
}
END {
    for (k in e) print "E", k, e[k]
    for (k in q) print "Q", k, q[k]
    for (k in p) print "C", k, p[k]
    for (k in n) print "N", k, n[k]
}
"""
TWICE = """
out=$(mktemp -d); export out
printf '%s\\0' "$@" | xargs -0 -P2 -n4 sh -c 'mawk "$0" "$@" > "$out/$$"' "$0"
cat "$out"/*; rm -r "$out"
"""
TABLES = r"""
import sys
SETS = "GROUPING SETS ((q, f, m, t, r, l, e), (q, f, m, net), (q, f, name, t, r))"

def show(rows):
    for set_, q, f, m, t, r, l, e, net, name, n in rows:
        if set_ == 0:
            print(*(("Q", f, m, t, r, int(l), n) if q else ("E", f, m, e, n)))
        elif q and set_ == 1:
            print("C", f, m, net, n)
        elif q and name:
            print("N", f, name, t, r, n)
"""
DUCKDB = r"""
import duckdb
duckdb.sql("SET enable_progress_bar = false")
lines = duckdb.sql(
    "SELECT string_split(l, ' ') w, filename f, w[2] = '[INFO]' q FROM read_csv($files, delim='\x01', header=false, "
    "quote='', escape='', auto_detect=false, filename=true, columns={'l': 'VARCHAR'}) "
    "WHERE w[2] IN ('[INFO]', '[ERROR]')",
    params={"files": sys.argv[1:]},
)
cut = duckdb.sql(
    "SELECT q, f, w[1][:16] m, CASE WHEN q AND w[14] <> 'qr,aa,rd' THEN w[8] END name, "
    "CASE WHEN q THEN w[6][2:] END t, CASE WHEN q THEN w[13] END r, "
    "CASE WHEN q THEN regexp_extract(w[3], '^[0-9]+[.][0-9]+[.][0-9]+') END net, "
    "CASE WHEN q THEN floor(log2(CAST(w[16][:-2] AS DOUBLE) * 1000)) END l, "
    "CASE WHEN NOT q THEN regexp_replace(array_to_string(w[7:], ' '), ':[0-9]+->', '->') END e FROM lines"
)
show(duckdb.sql(
    "SELECT CASE WHEN grouping(l) = 0 THEN 0 WHEN grouping(net) = 0 THEN 1 ELSE 2 END, q, f, m, t, r, l, e, net, name, "
    f"count(*) FROM cut GROUP BY {SETS}"
).fetchall())
"""
POLARS = r"""
import sys, polars as pl
w, c = pl.col("w").list, pl.col
cut = pl.scan_csv(
    sys.argv[1:], separator="\x01", has_header=False, quote_char=None, new_columns=["x"], include_file_paths="f"
).select("f", c("x").str.split(" ").alias("w")).select(
    "f", "w", w.get(0).str.slice(0, 16).alias("m"), w.get(1).alias("level")
)
errors = cut.filter(c("level") == "[ERROR]").group_by(
    "f", "m", w.slice(6).list.join(" ").str.replace(":[0-9]+->", "->").alias("e")
).len()
queries = cut.filter(c("level") == "[INFO]").select(
    "f", "m", w.get(2).str.extract(r"^(\d+\.\d+\.\d+)").alias("net"),
    w.get(5).str.slice(1).alias("t"), w.get(7).alias("name"), w.get(12).alias("r"), w.get(13).alias("flags"),
    (w.get(15).str.strip_suffix("s").cast(pl.Float64) * 1000).log(2).floor().cast(pl.Int32).alias("l"),
)
keys = {"Q": ("f", "m", "t", "r", "l"), "C": ("f", "m", "net"), "N": ("f", "name", "t", "r")}
named = queries.filter(c("flags") != "qr,aa,rd")
tables = [errors, *((named if kind == "N" else queries).group_by(*k).len() for kind, k in keys.items())]
for kind, frame in zip("E" + "".join(keys), pl.collect_all(tables, engine="streaming")):
    for row in frame.iter_rows():
        print(kind, *row)
"""
CHDB = r"""
import os, chdb
folder = os.path.dirname(sys.argv[1])
said = chdb.query(
    "SELECT multiIf(grouping(l) = 0, 0, grouping(net) = 0, 1, 2), q, f, m, t, r, l, e, net, name, count() FROM ("
    "SELECT w[2] = '[INFO]' q, _file f, substring(w[1], 1, 16) m, if(q and w[14] != 'qr,aa,rd', w[8], '') name, "
    "if(q, substring(w[6], 2), '') t, if(q, w[13], '') r, if(q, substring(w[3], 1, position(w[3], ':') - 1), '') c, "
    "substring(c, 1, length(c) - position(reverse(c), '.')) net, "
    "if(q, toInt32(floor(log2(toFloat64(substring(w[16], 1, length(w[16]) - 1)) * 1000))), 0) l, "
    "if(q, '', replaceRegexpOne(arrayStringConcat(arraySlice(w, 7), ' '), ':[0-9]+->', '->')) e "
    f"FROM (SELECT splitByChar(' ', line) w, _file FROM file('{folder}/*.log', LineAsString)) "
    f"WHERE w[2] IN ('[ERROR]', '[INFO]')) GROUP BY {SETS} SETTINGS max_threads = 2", "TSV"
).bytes().decode()
show((int(row[0]), int(row[1]), *row[2:]) for row in (line.split("\t") for line in said.splitlines()))
"""
PROGRAMS = {"duckdb": TABLES + DUCKDB, "polars": POLARS, "chdb": TABLES + CHDB}
"""Programs of Python; the name is that of the library."""
TRIAGE = r"""
import sys
from triage import pipeline
seen, _, _ = pipeline.observe(pipeline.load_bundle(sys.argv[1:], None))
for stream in seen.streams:
    print("E", stream.replica, stream.understood - stream.queries)
for row in seen.queries:
    print("Q", row.replica, row.minute, row.minutes, row.qtype, row.rcode, row.duration_log2, row.count)
for row in seen.clients:
    print("C", row.replica, row.minute, row.minutes, row.network.removesuffix(".0/24"), row.queries)
for row in seen.names:
    print("N", row.replica, row.qname, row.qtype, row.rcode, row.count)
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
    for kind, replica, *key, count in map(str.split, said.splitlines()):
        counts[kind, Path(replica).stem, *key] += int(count)
    return counts


def as_bounded(counts: Counts, bounded: Counts) -> Counts:
    """Rows of an engine as `triage` told them: errors of a replica, minutes taken together, names that it watched."""
    minutes = {kind: next(int(key[3]) for key in bounded if key[0] == kind) for kind in "QC"}
    found: Counter[tuple[str, ...]] = Counter()
    for (kind, replica, *key), count in counts.items():
        row: tuple[str, ...] = (kind, replica, *key)
        if kind == "E":
            row = row[:2]
        elif kind in minutes:
            minute = int(datetime.fromisoformat(key[0]).replace(tzinfo=UTC).timestamp()) // 60
            width = minutes[kind]
            row = (kind, replica, str(minute - minute % width), str(width), *key[1:])
        elif row not in bounded:
            continue
        found[row] += count
    return found


def digest_of(counts: Counts) -> str:
    return hashlib.sha256(repr(sorted(counts.items())).encode()).hexdigest()[:12]
