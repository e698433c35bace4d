"""One story: everything from its seed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.simulator import dice, kinds
from bench.simulator.engine import Run, Simulation
from bench.simulator.expect import expectation
from bench.simulator.framing import log_files
from bench.simulator.node_faults import cpu_lines
from bench.simulator.objects import other_files
from bench.simulator.saved import Saved, draw_saved, kept_lines, last_life, previous_lines
from bench.simulator.scrape import scrape_text


@dataclass(frozen=True, slots=True)
class Story:
    """An evidence folder and what is true about it."""

    name: str
    files: dict[str, str]
    expect: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Write it as a folder of its name."""
        target = folder / self.name
        target.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            (target / name).write_text(text, encoding="utf-8", newline="")
        (target / "expect.yaml").write_text(self._expect_yaml(), encoding="utf-8")

    def write_txtar(self, folder: Path) -> None:
        """Write it as one `.txtar` file; a text without a final newline gets one."""
        folder.mkdir(parents=True, exist_ok=True)
        parts = [f"Simulated story {self.name}: {self.expect['note']}.\n"]
        for name, text in {**self.files, "expect.yaml": self._expect_yaml()}.items():
            parts.append(f"-- {name} --\n{text}" + ("" if text.endswith("\n") or not text else "\n"))
        (folder / f"{self.name}.txtar").write_text("".join(parts), encoding="utf-8", newline="")

    def _expect_yaml(self) -> str:
        return yaml.dump(self.expect, Dumper=_Dumper, sort_keys=False, width=160)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Never aliases, so that each part reads alone."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def simulate(seed: int, kind: str | None = None) -> Run:
    """The whole truth of a seed; the kind is drawn unless given."""
    name = kind or kinds.draw_kind(dice.stream(seed, "kind"))
    plan = kinds.build(dice.stream(seed, f"plan {name}"), name).plan()
    run = Simulation(plan, dice.stream(seed, "run")).run()
    for replica, processes in run.processes.items():
        for process in processes:
            process.lines += cpu_lines(plan, replica, process, dice.stream(seed, f"cpu {replica}"))
            process.lines.sort(key=lambda line: line.at_s)
    return run


def make_story(seed: int, kind: str | None = None) -> Story:
    """The story of a seed: the same on every machine."""
    run = simulate(seed, kind)
    saved = draw_saved(dice.stream(seed, "saved"), run)
    return tell(run, saved, seed)


def tell(run: Run, saved: Saved, seed: int) -> Story:
    """Write down what was saved of a run."""
    plan, rng = run.plan, dice.stream(seed, "files")
    order = sorted(run.processes) if rng.random() < 0.5 else list(run.processes)
    current = {name: kept_lines(run, saved, name) for name in order if saved.replicas[name].log}
    previous = {name: previous_lines(run, saved, name) for name in order}
    files = log_files(saved, current, previous, plan.world.dist.container, plan.release, plan.epoch_s)
    files |= other_files(run, saved, rng)
    for name in order:
        process = last_life(run, name)
        if saved.replicas[name].scrape and process is not None and process.end_s > plan.window_s:
            files[f"{name}.prom"] = scrape_text(run, process, dice.stream(seed, f"scrape {name}"))
    return Story(f"{plan.kind}-{seed:05d}", files, expectation(run, saved))


def read_folder(folder: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """Files and expectation of a story, written as a folder or as `.txtar`."""
    if folder.is_dir():
        files = {p.name: p.read_text(encoding="utf-8") for p in sorted(folder.iterdir()) if p.is_file()}
    else:
        parts = re.split(r"(?m)^-- (\S.*?) --\n", folder.read_text(encoding="utf-8"))
        files = dict(zip(parts[1::2], parts[2::2], strict=True))
        files = {n: t[:-1] if t.endswith("too many open files\n") else t for n, t in files.items()}
    return files, yaml.safe_load(files.pop("expect.yaml"))
