"""The table of faults. To add one: a row in the module of its kind (`docs/lab.md`)."""

from __future__ import annotations

from tests.lab.binaries import VERSIONS
from tests.lab.faults import answers, api, mixed, path, process
from tests.lab.faults.form import Case, Fault

FAULTS: dict[str, Fault] = {
    fault.id: fault for module in (path, answers, process, api, mixed) for fault in module.FAULTS
}
CASES: dict[str, Case] = {
    case.id: case
    for fault in FAULTS.values()
    for place, versions in fault.places.items()
    for case in (Case(fault, place, version) for version in versions if version in VERSIONS)
}


def case_of(name: str) -> Case:
    """The case of an id, also for a version that the table does not run by itself.

    >>> case_of("drop@subnet-1.11.1").version
    '1.11.1'
    """
    fault, _, rest = name.partition("@")
    place, _, version = rest.partition("-")
    return Case(FAULTS[fault], place, version)
