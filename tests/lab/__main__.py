"""`python -m tests.lab --fault drop --place subnet --out FOLDER`: break something, keep the evidence."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.lab import batch, binaries, box, judge
from tests.lab.evidence import LEVELS
from tests.lab.faults import FAULTS
from tests.lab.faults.form import Case


def main() -> int:
    """Run one fault and leave its evidence folder, or list the table, or build the programs."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("--fault", help="an id of the table (see --list)")
    parser.add_argument("--place", help="cluster, subnet, az, node or replica; default: the first that makes sense")
    parser.add_argument("--version", help=f"of CoreDNS: {', '.join(binaries.VERSIONS)} are known, any other is built")
    parser.add_argument("--out", type=Path, help="folder for the evidence; it must not exist or be empty")
    parser.add_argument(
        "--level", choices=["full", *LEVELS], default="full", help="what is gathered (default: all of it)"
    )
    parser.add_argument("--list", action="store_true", help="print the table")
    parser.add_argument("--build", action="store_true", help="build CoreDNS if it is missing")
    options = parser.parse_args()
    if options.list:
        for fault in FAULTS.values():
            print(f"{fault.id:25} {' '.join(fault.places):36} {fault.about}")
        return 0
    if options.build:
        for version in [options.version] if options.version else binaries.VERSIONS:
            print(binaries.build(version))
        return 0
    if options.fault not in FAULTS or options.out is None:
        parser.error("give --fault (see --list) and --out")
    return _keep(options)


def _keep(options: argparse.Namespace) -> int:
    fault = FAULTS[options.fault]
    place = options.place or next(iter(fault.places))
    if place not in fault.places:
        print(f"{fault.id} is known at: {', '.join(fault.places)}", file=sys.stderr)
        return 2
    if lacks := box.missing():
        print(f"the lab needs {', '.join(lacks)}", file=sys.stderr)
        return 2
    if options.out.exists() and any(options.out.iterdir()):
        print(f"{options.out} is not empty", file=sys.stderr)
        return 2
    case = Case(fault, place, options.version or fault.places[place][-1])
    binaries.build(case.version)
    outcome = batch.run_one(case, options.out.resolve(), [options.level])
    if outcome.record is None:
        print(outcome.complaint, file=sys.stderr)
        return 1
    (options.out / "run.json").unlink()
    for path in (options.out / options.level).iterdir():
        path.rename(options.out / path.name)
    (options.out / options.level).rmdir()
    print(f"{fault.about}\n{case.id}: evidence in {options.out} ({outcome.record['seconds']} s)")
    for complaint in judge.wrong_lines(case, outcome.record):
        print(f"unexpected: {complaint}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
