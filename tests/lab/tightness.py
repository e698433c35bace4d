"""Check from inside that a box has no way out, and that the check would see one: run by `test_box.py`."""

from __future__ import annotations

from tests.lab import box
from tests.lab.fabric import NODES, PODS, U1, Fabric

_ELSEWHERE = "192.0.2.1"
"""An address of documentation (RFC 5737): outside of everything the lab has."""


def main() -> None:
    """Raise AssertionError when a packet could leave."""
    box.seal()
    fabric = Fabric()
    fabric.build()
    spaces = [None, "router", "up", *(n.key for n in NODES), *(p.key for p in PODS)]
    assert box.ways_out(spaces) == [], box.ways_out(spaces)
    for space in ("router", "up", "m1", "p1"):
        assert not fabric.reaches(space, _ELSEWHERE), f"a packet of {space} found a way"
    assert fabric.reaches("p1", U1), "even the upstream is out of reach"
    fabric.run("m1", "ip link add odd type bridge")
    fabric.run("router", f"ip route add default via {U1} dev to-up")
    assert len(box.ways_out(spaces)) == 2, box.ways_out(spaces)
    print("tight")


if __name__ == "__main__":
    main()
