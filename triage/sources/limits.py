"""How much of what we are handed is read: evidence may be broken, huge or hostile."""

from __future__ import annotations

from msgspec import Struct

MIB = 1024 * 1024


class Limits(Struct, frozen=True):
    """Bounds of one `load`; what they keep out becomes an ignored document or a gap, never an error."""

    max_files: int = 200_000
    """Files and archive members looked at, over all paths."""
    max_depth: int = 32
    """Folders inside folders."""
    max_nesting: int = 2
    """Archives inside archives; the outer one counts as 1."""
    max_member_bytes: int = 16 * 1024 * MIB
    """Decompressed bytes of one stream; what comes after is cut off."""
    max_total_bytes: int = 64 * 1024 * MIB
    """Decompressed bytes of one archive."""
    max_ratio: int = 2000
    """Decompressed ÷ compressed bytes of one stream, once `ratio_free_bytes` are exceeded (deflate reaches 1032)."""
    ratio_free_bytes: int = 64 * MIB
    max_text_bytes: int = 64 * MIB
    """Size of a document that is read as a whole (everything but logs)."""
    max_structured_bytes: int = 64 * MIB
    """JSON and YAML parsed, over all documents."""
    max_aliases: int = 64
    """YAML aliases of one document; kubectl writes none."""
    max_parts: int = 5_000
    """Documents cut out of one pasted text."""
    head_bytes: int = 256 * 1024
    """Read of a file to tell what it is."""
    kept_member_bytes: int = 4 * MIB
    """An archive's member up to this size is kept in memory instead of being looked up again."""
    kept_total_bytes: int = 256 * MIB
