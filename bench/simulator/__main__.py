"""`python -m bench.simulator --seeds 0:200 --out DIR`: write stories, one folder (or `.txtar`) a seed."""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

from bench.simulator.kinds import KINDS
from bench.simulator.story import Story, make_story


def main() -> None:
    """Read the arguments, write the stories, print what they are like."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulator", description=__doc__)
    parser.add_argument("--seeds", default="0:200", help="FIRST:END, END not included")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--txtar", action="store_true", help="one .txtar file a story instead of a folder")
    parser.add_argument("--kind", choices=sorted(KINDS), help="all stories of this kind")
    options = parser.parse_args()
    first, end = (int(x) for x in options.seeds.split(":"))
    stories = []
    for seed in range(first, end):
        story = make_story(seed, options.kind)
        (story.write_txtar if options.txtar else story.write)(options.out)
        stories.append(story)
    print(statistics(stories))


def statistics(stories: list[Story]) -> str:
    """Kinds, decidable shares, replicas and lines of stories, as a table."""
    rows: defaultdict[str, list[Story]] = defaultdict(list)
    for story in stories:
        rows[story.expect["kind"]].append(story)
    head = ("kind", "n", "yes", "partly", "no", "scope", "second", "replicas", "lines", "KiB")
    out = [head, *(_row(kind, group) for kind, group in [*sorted(rows.items()), ("all", stories)])]
    return "\n".join(f"{kind:18}" + "".join(f"{cell!s:>9}" for cell in cells) for kind, *cells in out)


def _row(kind: str, group: list[Story]) -> tuple[object, ...]:
    known = Counter(s.expect["decidable"] for s in group)
    lines = median(sum(t.count("\n") for n, t in s.files.items() if n.endswith(".log")) for s in group)
    kib = median(sum(map(len, s.files.values())) / 1024 for s in group)
    scoped = sum(s.expect["scope"] is not None for s in group)
    second = sum(s.expect["second"] is not None for s in group)
    replicas = median(s.expect["truth"]["replicas"] for s in group)
    return kind, len(group), known["yes"], known["partly"], known["no"], scoped, second, replicas, lines, round(kib)


if __name__ == "__main__":
    main()
