"""How large files are cut into tasks."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from tests.reading.test_kernel import ALL, log
from triage.model.bundle import Document, Kind
from triage.parsing.query_log import parse_query
from triage.reading import Limits
from triage.reading.run import plan
from triage.reading.scan import Job

MB = 1 << 20
LEAST = 64 * MB


@pytest.fixture
def cut(tmp_path: Path, recogniser):
    """Sizes of the tasks for a file of this size: one that begins as a log does, and is a hole behind that."""

    def cut(size: int, *, workers: int = 2, behind: int = 0, limits: Limits = Limits()) -> list[int]:  # noqa: B008
        path = tmp_path / "a.log"
        path.write_text(ALL["timestamps"](log(0, 1500)), encoding="utf-8")
        with path.open("r+b") as stream:
            stream.truncate(size)
        document = Document(path.name, Kind.LOG, path.name, partial(path.open, "rb"), size, replica="a")
        job = Job(recogniser, parse_query, frozenset(), None, None, limits, 2000)
        tasks = plan(document, job, workers, LEAST, behind)
        assert (tasks[0].start, tasks[-1].stop) == (0, size)
        assert all(one.stop == other.start for one, other in pairwise(tasks))
        return [task.stop - task.start for task in tasks]

    return cut


def test_a_file_with_much_behind_it_stays_whole(cut) -> None:
    assert cut(500 * MB, behind=3500 * MB) == [500 * MB]


def test_the_last_file_is_cut_so_that_all_workers_end_together(cut) -> None:
    sizes = cut(1000 * MB)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 250 * MB
    assert LEAST // 2 <= sizes[-1] <= LEAST


def test_no_rest_is_left_that_is_not_worth_a_task(cut) -> None:
    assert cut(2 * LEAST + 96, behind=0) == [LEAST, LEAST + 96]


def test_a_fixed_size_of_parts_is_kept(cut) -> None:
    assert cut(5 * MB, limits=Limits(mend_bytes=0, part_bytes=2 * MB)) == [2 * MB, 2 * MB, MB]
