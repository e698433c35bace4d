"""The columns of every frame, with their dtypes: a contract as that of a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from triage.errors import TriageError

if TYPE_CHECKING:
    import pandas as pd

Columns = Mapping[str, str]
"""Name to dtype, in their order."""
TIME: Final = "datetime64[ns, UTC]"

ENTRY_COLUMNS: Final[Columns] = MappingProxyType(
    {
        "file": "category",
        "line": "int64",  # from 1
        "replica": "category",  # pod name
        "node": "category",
        "subnet": "category",
        "az": "category",
        "at": TIME,  # NaT when the line carries no time
        "level": "category",
        "plugin": "category",
        "message_id": "category",  # `log.query` for lines of the query log
        "cause": "category",
        "failure_kind": "category",
        "upstream": "category",  # ip:port
        "local_addr": "category",
        "qname": "string",  # lower case, with the trailing dot
        "qtype": "category",
        "rcode": "category",
        "weight": "int64",  # failures of a summary; 0 for the next line of a stack
        "text": "string",
    }
)
"""A row for each line: `docs/entries.md`. Missing is NA."""

OBSERVATION_COLUMNS: Final[Columns] = MappingProxyType(
    {
        "replica": "category",
        "minute": TIME,  # its beginning; NaT without a clock
        "message_id": "category",
        "level": "category",
        "plugin": "category",
        "cause": "category",
        "failure_kind": "category",
        "upstream": "category",
        "qtype": "category",
        "rcode": "category",
        "lines": "int64",
        "weight": "int64",
        "first": TIME,
        "last": TIME,
        "file": "category",  # of the first line
        "line": "int64",
        "text": "string",
    }
)
"""A row for each message, replica and minute: how often, from when to when, and the first such line."""

REPLICA_COLUMNS: Final[Columns] = MappingProxyType(
    {
        "replica": "string",  # NA for lines of which nothing tells the replica
        "node": "category",
        "subnet": "category",
        "az": "category",
        "role": "category",
        "pool": "category",
        "kernel": "category",
        "pod_range": "category",
        "layer": "category",  # cluster, node-local, infrastructure
        "has_log": "bool",
        "in_pod_list": "bool",
        "lines": "int64",
        "understood": "int64",
        "queries": "int64",  # lines of the query log among them
        "first": TIME,
        "last": TIME,
        "version": "category",  # of CoreDNS, from its banner
    }
)
"""A row for each replica known by a log or a pod list."""

COVERAGE_COLUMNS: Final[Columns] = MappingProxyType(
    {
        "file": "string",
        "kind": "category",
        "framing": "category",  # of logs
        "lines": "Int64",  # NA when nobody counted them
        "understood": "Int64",
        "unknown": "Int64",
        "skipped": "int64",  # prose, decoration, other containers, copies
        "first": TIME,
        "last": TIME,
        "why_ignored": "string",
        "notes": "string",
    }
)
"""A row for each document: what became of it."""

HYPOTHESIS_COLUMNS: Final[Columns] = MappingProxyType(
    {
        "id": "string",
        "rank": "int64",
        "group": "int64",
        "cause": "category",
        "title": "string",
        "probability": "float64",  # 0 … 1
        "confidence": "category",
        "severity": "category",
        "upstream": "string",
        "zone": "string",
        "scope_kind": "category",  # NA: no place is claimed
        "scope_member": "string",
        "replicas": "object",  # tuple of those inside
        "indistinguishable": "object",  # tuple of (kind, member)
        "explained_share": "float64",  # 0 … 1
        "first_seen": TIME,
        "last_seen": TIME,
    }
)
"""A row for each hypothesis, in the order of ranks."""

EVIDENCE_COLUMNS: Final[Columns] = MappingProxyType(
    {
        "rank": "int64",
        "hypothesis": "string",  # its id
        "cause": "category",
        "evidence": "string",  # its id
        "statement": "string",
        "direction": "category",  # for, against, untested
        "strength": "category",  # strong, moderate, weak; NA: not tested, or counted by the localiser
        "log_ratio": "float64",  # nats
        "citations": "int64",
        "file": "string",  # of the first citation
        "line": "Int64",
        "text": "string",
    }
)
"""A row for each statement for or against a hypothesis."""

SCOPE_COLUMNS: Final[Columns] = MappingProxyType(
    {
        "kind": "string",  # a column of the table; cluster, some (rows that share no value), none
        "member": "object",  # value of that column; None for cluster, some, none
        "probability": "float64",  # adds up to 1
        "also": "object",  # tuple of (kind, member) that fit as well
        "rows": "object",  # tuple of index labels inside
        "n_rows": "int64",
        "failures": "float64",  # inside
        "queries": "float64",  # inside; NaN when any row has none
    }
)
"""A row for each place that `localize` considers, the most probable first."""


def frame_of(columns: Columns, rows: Iterable[Sequence[object]]) -> pd.DataFrame:
    """A frame of these rows, each in the order of `columns`; times are nanoseconds since the epoch or None."""
    import pandas as pd

    series = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pd.DataFrame({name: _series(values, columns[name]) for name, values in zip(columns, series, strict=True)})


def _series(values: Sequence[object], dtype: str) -> pd.Series:
    import numpy as np
    import pandas as pd

    if dtype == TIME:
        least, most = np.iinfo(np.int64).min, np.iinfo(np.int64).max
        inside = [v if isinstance(v, int) and least < v <= most else least for v in values]
        return pd.Series(pd.DatetimeIndex(np.array(inside, dtype="int64").view("datetime64[ns]")).tz_localize("UTC"))
    if dtype == "category":
        names = [None if v is None else str(v) for v in values]
        return pd.Series(pd.Categorical(names, categories=sorted({n for n in names if n is not None})))
    if dtype == "object":
        found = np.empty(len(values), dtype=object)
        found[:] = values
        return pd.Series(found, dtype="object")
    return pd.Series(list(values), dtype=dtype)


def check_frame(frame: pd.DataFrame, columns: Columns) -> None:
    """Check that a frame (read back from a file, say) has exactly these columns, in this order, with these dtypes.

    >>> import pandas as pd
    >>> check_frame(pd.DataFrame({"file": ["a"]}), {"file": "category"})
    Traceback (most recent call last):
    triage.errors.TriageError: the frame breaks its contract: file is str, not category
    """
    found = {str(name): str(dtype) for name, dtype in frame.dtypes.items()}
    wrong = [f"{name} is missing" for name in columns if name not in found]
    wrong += [f"{name} is not known" for name in found if name not in columns]
    wrong += [f"{n} is {found[n]}, not {dtype}" for n, dtype in columns.items() if n in found and found[n] != dtype]
    if not wrong and list(found) != list(columns):
        wrong.append("the order of columns differs")
    if wrong:
        raise TriageError("the frame breaks its contract: " + "; ".join(wrong), hint="convert the columns with astype")
