"""A live cluster → a bundle on disk: one plan of reads, whoever carries them out."""

from __future__ import annotations
