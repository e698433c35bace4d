"""Many runs side by side: most of a run is waiting for time-outs, so a dozen share two cores well."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import box, judge, memory
from tests.lab.faults.form import Case

LIMIT_S = 150.0
TRIES = 3
"""How often a run is tried that the machine did not carry out: twice, Linux 6.18 answered a system call of the process
that starts a dozen others at once with EFAULT. What CoreDNS or the program did is never tried again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left behind."""

    case: Case
    folder: Path
    record: dict[str, Any] | None
    """`run.json`; None when the run failed."""
    complaint: str
    """The end of what a failed run printed."""
    reports: dict[str, dict[str, Any] | str] = field(default_factory=dict)
    """Level to the program's report on its folder, or what it complained of."""


def at_once() -> int:
    """How many runs share the machine: six a core."""
    return 6 * (os.cpu_count() or 1)


def run_one(case: Case, folder: Path, levels: Sequence[str], stop: threading.Event | None = None) -> Outcome:
    """One run in its box; ends early when `stop` is set."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "run.log"
    process = box.start("tests.lab.run", case.id, str(folder), *levels, log=log)
    try:
        for _ in range(int(LIMIT_S * 5)):
            try:
                process.wait(0.2)
                break
            except subprocess.TimeoutExpired:
                if stop is not None and stop.is_set():
                    break
    finally:
        if process.stdin:
            process.stdin.close()  # the run ends with its standard input
        process.kill()  # and, `--kill-child`, with this
        process.wait()
    record = folder / "run.json"
    if process.returncode == 0 and record.exists():
        log.unlink()
        return Outcome(case, folder, json.loads(record.read_text(encoding="utf-8")), "")
    return Outcome(case, folder, None, log.read_text(encoding="utf-8", errors="replace")[-2000:] or "ended early")


class Batch:
    """Runs and the analysis of their folders in the background, the longest first; `result` waits for one of them."""

    def __init__(
        self,
        cases: Iterable[Case],
        folder: Path,
        levels: Sequence[str],
        *,
        judged: bool = True,
        workers: int | None = None,
    ) -> None:
        self._results: dict[str, queue.Queue[Outcome]] = {}
        self._todo: queue.SimpleQueue[Case] = queue.SimpleQueue()
        self._stop = threading.Event()
        for case in sorted(cases, key=lambda c: -c.fault.limit_s):
            self._results[case.id] = queue.Queue()
            self._todo.put(case)
        self._folder, self._levels, self._judged = folder, levels, judged
        self._cores = threading.Semaphore(os.cpu_count() or 1)
        memory.sweep()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(workers or at_once())]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                case = self._todo.get_nowait()
            except queue.Empty:
                return
            self._results[case.id].put(self._outcome(case))

    def _outcome(self, case: Case) -> Outcome:
        complaint = ""
        for tried in range(TRIES):
            folder = self._folder / (f"{case.id}-{tried}" if tried else case.id)
            try:
                outcome = run_one(case, folder, self._levels, self._stop)
                if self._judged and outcome.record is not None:
                    outcome.reports.update(self._analyze(outcome.folder))
            except OSError:
                complaint = traceback.format_exc()
                print(complaint, file=sys.stderr)
            except Exception:  # a failed run is that test's failure, not the batch's
                return Outcome(case, folder, None, traceback.format_exc())
            else:
                return outcome
        return Outcome(case, self._folder / case.id, None, complaint)

    def _analyze(self, folder: Path) -> dict[str, dict[str, Any] | str]:
        reports: dict[str, dict[str, Any] | str] = {}
        for level in self._levels:
            with self._cores:
                try:
                    reports[level] = judge.analyze(folder / level)
                except (RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
                    reports[level] = str(error)
        return reports

    def result(self, case: Case) -> Outcome:
        """Wait for this run; may be called again."""
        outcome = self._results[case.id].get()
        self._results[case.id].put(outcome)
        return outcome

    def close(self) -> None:
        """End what still runs, and sweep up."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        memory.sweep()
