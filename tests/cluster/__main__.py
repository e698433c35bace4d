"""`python -m tests.cluster up FOLDER`: a cluster with CoreDNS until interrupted; `build`: its programs only."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from pathlib import Path

from tests.cluster import cluster, dns, programs


def main() -> None:
    """Start, say where the kubeconfig is, wait."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs ignore the first
        signal.signal(number, signal.default_int_handler)
    match sys.argv[1:]:
        case ["build"]:
            print(programs.build())
        case ["up", folder]:
            with (
                contextlib.suppress(KeyboardInterrupt),
                cluster.running(Path(folder).resolve()) as running,
                dns.deployed(running),
            ):
                print(f"KUBECONFIG={running.kubeconfig}", flush=True)
                while not running.machine.failed():
                    time.sleep(1)
                print(f"ended: {running.machine.failed()}")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
