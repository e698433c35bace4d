"""One run: `python -m tests.lab.run CASE FOLDER LEVELS`, started in a box by `box.start`.

Writes `FOLDER/<level>/` for each level and `FOLDER/run.json`: who was hit and every line of every replica.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from pathlib import Path

from tests.lab import box, evidence
from tests.lab.fabric import NODES, place_of
from tests.lab.faults import case_of
from tests.lab.faults.form import Case, standard_load
from tests.lab.laboratory import Lab


def run(case: Case, folder: Path, levels: list[str]) -> None:
    """Build, break, ask, gather."""
    began = time.monotonic()
    fault = case.fault
    lab = Lab(case.version, host_network=fault.host_network)
    lab.fabric.build()
    spaces = [None, "router", "up", *(n.key for n in NODES), *({p.key for p in lab.pods} - {n.key for n in NODES})]
    if ways := box.ways_out(spaces):
        raise RuntimeError(f"the box is not sealed: {ways}")
    place = place_of(case.place, lab.pods)
    if fault.prepare:
        fault.prepare(lab, place)
    lab.start_upstreams()
    if fault.early:
        fault.breaks(lab, place)
    lab.start()
    if not fault.early:
        lab.wait_probes()
        lab.ask(6, pods=[p for p in lab.pods if lab.replicas[p.name].running], spread_s=0.2)
        fault.breaks(lab, place)
    (fault.load or standard_load)(lab, place)
    hit = place.pods if lab.hit is None else lab.hit
    for says in fault.says(case.place, case.version):
        if says.who != "nobody":
            lab.wait(says.pattern, hit, fault.limit_s, one=says.who == "one")
    time.sleep(0.3)
    scrapes = lab.scrape()
    offset = zlib.crc32(case.id.encode())
    for level in levels:
        framing = evidence.FRAMINGS[(offset + evidence.LEVELS.index(level)) % 3] if level != "full" else "timestamps"
        evidence.write(lab, folder / level, level, framing, scrapes)
    record = {
        "case": case.id,
        "hit": [pod.name for pod in hit],
        "addresses": {name: replica.pod.address for name, replica in lab.replicas.items()},
        "lines": {r.pod.name: [line.text for line in r.all_lines()] for r in lab.replicas.values()},
        "seconds": round(time.monotonic() - began, 2),
    }
    (folder / "run.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def main() -> None:
    """Seal the box and run."""
    box.seal()
    case, folder, *levels = sys.argv[1:]
    run(case_of(case), Path(folder), levels)


if __name__ == "__main__":
    main()
