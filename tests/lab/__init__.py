"""Real CoreDNS, real networks, real faults: the judge of the whole program.

`docs/lab.md` explains it; `faults.py` is the table of what is broken and what must be said about it.
"""
