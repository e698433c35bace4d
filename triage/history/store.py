"""A history on disk: one SQLite file, private, written in one transaction a run.

Two runs at once wait for each other; a run that is killed, or finds the disk full, leaves those before it as they were.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import to_builtins
from msgspec.structs import replace

from triage.errors import ExitCode, TriageError
from triage.history.compare import compare, flaps
from triage.model.past import Course, Difference, Finding, News
from triage.model.report import Member

_APPLICATION, _VERSION = 0x74726961, 1
"""Of the file's header (`tria`), so that no other database is taken for a history."""
_KEPT_RUNS = 2000
"""For each cluster; older ones are forgotten."""
WAIT_S = 30.0
"""How long a run waits for another one that is writing."""
SHORT_WAIT_S = 1.0
"""And while somebody waits for its report."""
_TABLES = """
CREATE TABLE IF NOT EXISTS runs (run INTEGER PRIMARY KEY AUTOINCREMENT, cluster TEXT NOT NULL, at_ns INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS findings (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, id TEXT NOT NULL, finding TEXT NOT NULL,
    PRIMARY KEY (run, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_of_cluster ON runs (cluster, run);
"""


class History:
    """The history in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def check(self) -> None:
        """Raises TriageError when the file cannot be a history; makes it when it is missing.

        A disk that is full, or a run that takes long, is told by `record`: the report should not wait for it.
        """
        try:
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise TriageError(
                "the history {file} cannot be used: {why}",
                hint="name a file in a folder that you may write to",
                file=self._file,
                why=error.strerror or error,
            ) from error
        try:
            with self._open(SHORT_WAIT_S):
                pass
        except TriageError as error:
            if error.exit_code is not ExitCode.DELIVERY:
                raise

    def record(self, cluster: str, at_ns: int, findings: Sequence[Finding], wait_s: float = WAIT_S) -> News:
        """Add a run; tells what is new since the run before it. `wait_s`: how long to wait for another run.

        Raises TriageError (exit code 5) when it cannot be written: the history is then what it was before.
        """
        with self._open(wait_s) as database:
            last = database.execute(
                "SELECT run, at_ns FROM runs WHERE cluster = ? ORDER BY run DESC LIMIT 1", (cluster,)
            ).fetchone()
            before = self._findings(database, last[0]) if last else ()
            run = database.execute("INSERT INTO runs (cluster, at_ns) VALUES (?, ?)", (cluster, at_ns)).lastrowid
            database.executemany(
                "INSERT INTO findings VALUES (?, ?, ?)",
                [(run, f.id, json.dumps(to_builtins(f), ensure_ascii=False)) for f in findings],
            )
            database.execute(
                "DELETE FROM runs WHERE cluster = ? AND run NOT IN "
                "(SELECT run FROM runs WHERE cluster = ? ORDER BY run DESC LIMIT ?)",
                (cluster, cluster, _KEPT_RUNS),
            )
            differences = tuple(self._judged(database, cluster, d) for d in compare(before, findings))
        return News(last[1] if last else None, differences)

    def courses(self) -> tuple[Course, ...]:
        """Every finding over time, those of the last run first."""
        found = []
        with self._open() as database:
            for (cluster,) in database.execute("SELECT DISTINCT cluster FROM runs ORDER BY cluster").fetchall():
                rows = database.execute(
                    "SELECT DISTINCT id FROM findings JOIN runs USING (run) WHERE cluster = ?", (cluster,)
                )
                found += [self._course(database, cluster, identity) for (identity,) in rows.fetchall()]
        return tuple(sorted(found, key=lambda c: (c.cluster, not c.there, -c.last_ns, c.finding.id)))

    def n_runs(self) -> int:
        """Runs that are kept."""
        with self._open() as database:
            return int(database.execute("SELECT count(*) FROM runs").fetchone()[0])

    @contextmanager
    def _open(self, wait_s: float = WAIT_S) -> Iterator[sqlite3.Connection]:
        """One transaction, that is done as a whole or not at all."""
        try:
            with closing(sqlite3.connect(self._file, timeout=wait_s, isolation_level=None)) as database:
                database.execute("PRAGMA foreign_keys = ON")
                database.execute("BEGIN IMMEDIATE")
                try:
                    self._prepare(database)
                    yield database
                    database.execute("COMMIT")
                except BaseException:
                    if database.in_transaction:
                        database.execute("ROLLBACK")
                    raise
        except sqlite3.OperationalError as error:
            raise TriageError(
                "the history {file} cannot be written: {why}",
                hint="make room, or wait for the other run; the report is not affected",
                exit_code=ExitCode.DELIVERY,
                file=self._file,
                why=error,
            ) from error
        except sqlite3.DatabaseError as error:
            raise self._no_history() from error

    def _prepare(self, database: sqlite3.Connection) -> None:
        marks = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        if marks == [_APPLICATION, _VERSION]:
            return
        if marks != [0, 0] or database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise self._no_history()
        for statement in filter(str.strip, _TABLES.split(";")):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute(f"PRAGMA user_version = {_VERSION}")

    def _no_history(self) -> TriageError:
        return TriageError(
            "{file} is no history", hint="name another file; it is made when it is missing", file=self._file
        )

    @staticmethod
    def _findings(database: sqlite3.Connection, run: int) -> tuple[Finding, ...]:
        rows = database.execute("SELECT finding FROM findings WHERE run = ?", (run,))
        return tuple(_finding(text) for (text,) in rows)

    def _judged(self, database: sqlite3.Connection, cluster: str, difference: Difference) -> Difference:
        """With the mark of what flaps; the turn that makes it so is news still."""
        seen = _seen(database, cluster, difference.finding.id)
        return replace(difference, flapping=flaps(seen[:-1]) if difference.state != "same" else flaps(seen))

    @staticmethod
    def _course(database: sqlite3.Connection, cluster: str, identity: str) -> Course:
        rows = database.execute(
            "SELECT at_ns, finding FROM runs JOIN findings USING (run) WHERE cluster = ? AND id = ? ORDER BY run",
            (cluster, identity),
        ).fetchall()
        seen = _seen(database, cluster, identity)
        since = seen[seen.index(True) :]
        finding = _finding(rows[-1][1])
        return Course(cluster, finding, rows[0][0], rows[-1][0], len(rows), len(since), seen[-1], flaps(seen))


def _seen(database: sqlite3.Connection, cluster: str, identity: str) -> list[bool]:
    """Whether each run of the cluster found it, the oldest first."""
    rows = database.execute(
        "SELECT EXISTS (SELECT 1 FROM findings WHERE findings.run = runs.run AND id = ?) "
        "FROM runs WHERE cluster = ? ORDER BY run",
        (identity, cluster),
    )
    return [bool(there) for (there,) in rows]


def _finding(text: str) -> Finding:
    """What was stored; a row that somebody else has written is damage of the file."""
    try:
        data = json.loads(text)
        return Finding(**{**data, "places": tuple(Member(**place) for place in data["places"])})
    except (ValueError, TypeError, KeyError) as error:
        raise sqlite3.DatabaseError("a damaged row") from error
