"""The version of the program; packaging reads it here."""

from __future__ import annotations

VERSION = "0.1.0"
