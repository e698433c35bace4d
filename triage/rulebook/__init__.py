"""Reads `rules/**`: knowledge as data, with every mistake told by file, line and cure."""

from triage.rulebook.load import load, rules_folder

__all__ = ["load", "rules_folder"]
