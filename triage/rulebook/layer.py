"""One folder of rules: which file plays which role."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, field

from triage.errors import TriageError
from triage.rulebook.locate import Located, read_file
from triage.rulebook.mistakes import Mistakes

_SINGLE = ("symptoms.yaml", "parameters.yaml", "calibration.yaml")
_KNOWN = f"<cause>/rule.yaml, {', '.join(_SINGLE)}, texts/<lang>.yaml, phrases/<lang>.yaml, messages/*.yaml"


class Layer(Struct):
    """One folder of rules, read but not yet understood."""

    folder: Path
    shown: str
    """The folder as it stands in front of file names."""
    files: dict[str, Path] = field(default_factory=dict)
    """Every YAML file by its name inside the folder."""
    rules: dict[str, Located] = field(default_factory=dict)
    texts: dict[str, Located] = field(default_factory=dict)
    symptoms: Located | None = None
    parameters: Located | None = None
    calibration: Located | None = None

    @property
    def causes(self) -> set[str]:
        """Folders with a rule, readable or not."""
        return {name.removesuffix("/rule.yaml") for name in self.files if name.endswith("/rule.yaml")}

    @classmethod
    def of(cls, folder: Path, shown: str, mistakes: Mistakes, over: Layer | None = None) -> Layer:
        """Read the files of a folder; `over` is the layer that this one lies on."""
        if not folder.is_dir():
            raise TriageError("no folder {folder}", hint="name a folder that holds <cause>/rule.yaml", folder=folder)
        layer = cls(folder, shown)
        layer.files = {path.relative_to(folder).as_posix(): path for path in _yaml_files(folder)}
        for name, path in layer.files.items():
            layer._place(name, path, mistakes)
        for sub in sorted(folder.iterdir()):
            if sub.is_dir() and (sub / "cases").is_dir() and sub.name not in layer.causes:
                mistakes.add(f"{shown}/{sub.name}", 0, "has cases, but no rule.yaml", "write the rule they are for")
        for cause, source in layer.rules.items():
            _check_override(cause, source, over, mistakes)
        if not layer.causes and over is None:
            mistakes.add(shown, 0, "holds no rule", "a rule is a folder with rule.yaml in it")
        return layer

    def _place(self, name: str, path: Path, mistakes: Mistakes) -> None:
        """Read a file, if it is one of ours, and keep it under its role."""
        head, _, tail = name.partition("/")
        mine = tail == "rule.yaml" or head == "texts" or name in _SINGLE
        source = read_file(path, f"{self.shown}/{name}", mistakes) if mine else None
        if source is None:
            if not mine and head not in {"messages", "phrases"}:
                mistakes.add(f"{self.shown}/{name}", 0, "nobody reads this file", f"known: {_KNOWN}")
        elif head == "texts":
            self.texts[path.stem] = source
        elif name == "symptoms.yaml":
            self.symptoms = source
        elif name == "parameters.yaml":
            self.parameters = source
        elif name == "calibration.yaml":
            self.calibration = source
        else:
            self.rules[head] = source


def _yaml_files(folder: Path) -> list[Path]:
    """All YAML files of a folder of rules and of its sub-folders, ordered by name, without hidden ones."""
    found = [*folder.glob("*.y*ml"), *folder.glob("*/*.y*ml")]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _check_override(cause: str, source: Located, over: Layer | None, mistakes: Mistakes) -> None:
    """A rule of a second folder replaces one of the first only when it says so."""
    says = isinstance(source.data, dict) and source.data.get("overrides") is True
    known = over is not None and cause in over.causes
    if known and not says:
        mistakes.add(
            source.file, source.line("id"), f"'{cause}' comes with the program", "write `overrides: true` to replace it"
        )
    elif says and not known:
        what = "nothing to override" if over is None else f"there is no rule '{cause}' to override"
        mistakes.add(source.file, source.line("overrides"), what, "leave `overrides` out")
