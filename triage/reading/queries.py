"""The usual query lines of a block: of the common format, the client an address of IPv4, below ten seconds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from triage.reading.block import (
    FIRST_BYTES,
    LONGEST_TEXT,
    Block,
    Bools,
    Ints,
    are_digits,
    digits,
    fraction,
    place,
    word,
)
from triage.reading.columns import DOCKER, Marks, Places, placed

_LEVEL = b"[INFO] "
_N_BLANKS = 14
"""Of the text of a query line."""


class Queries(NamedTuple):
    """Usual query lines."""

    places: Places
    client: Ints
    client_end: Ints
    asked: Ints
    """From the quote before the type to the flags: what repeats."""
    asked_end: Ints
    no_size: Bools
    took_ns: Ints


def queries_of(block: Block, marks: Marks) -> Queries:
    """Find the usual query lines."""
    raw, places = block.bytes, marks.places
    line = np.flatnonzero((marks.last - marks.first >= _N_BLANKS) & marks.short)
    last = marks.last[line]
    text = places[last - _N_BLANKS] - len(_LEVEL) + 1
    line = line[block.equal(text, _LEVEL) & (text >= marks.begin[line])]
    last, begin = marks.last[line], marks.begin[line]
    took, size = places[last - 1], places[last - 2]
    question, number, dash, client = (places[last - i] for i in (11, 12, 13, 14))
    text = client - len(_LEVEL) + 1
    before = np.where(last - marks.first[line] >= 16, places[last - 16] + 1, begin)
    where, good = placed(block, marks, line, text, before)

    rows = block.rows(client + 1, 2)
    n_client = place(rows[:, 0], ord(":"))
    n_client = np.where(n_client == 8, 8 + place(rows[:, 1], ord(":")), n_client)
    colon = client + 1 + n_client
    n_port, n_id = dash - colon - 1, question - number - 1
    good &= (n_client > 0) & (n_client < 16) & (n_port > 0) & (n_port <= 7) & (n_id > 0) & (n_id <= 5)
    good &= are_digits(digits(block.words(colon) >> np.uint64(8), n_port))
    words = block.words(dash)
    good &= (words & FIRST_BYTES[3] == word(b" - ")) & are_digits(digits(words >> np.uint64(24), n_id))
    good &= raw[question + 1] == np.where(where.mode == DOCKER, ord("\\"), ord('"'))

    good &= size - question <= LONGEST_TEXT
    n_size = took - size - 1
    sizes = digits(block.words(size) >> np.uint64(8), n_size)
    good &= (n_size > 0) & (n_size <= 7) & are_digits(sizes)
    rows = block.rows(took, 2)
    words, more = rows[:, 0], rows[:, 1]
    seconds = (words >> np.uint64(8) & np.uint64(0xFF)) - np.uint64(48)
    eight = words >> np.uint64(24) | more << np.uint64(40)
    took_ns, is_fraction = fraction(eight, more >> np.uint64(24), where.end - took - 4)
    good &= is_fraction & (seconds < 10) & (words >> np.uint64(16) & np.uint64(0xFF) == ord("."))
    good &= raw[where.end - 1] == ord("s")
    took_ns = took_ns + seconds.astype(np.int64) * 1_000_000_000
    found = Queries(where, client + 1, colon, question + 1, size, sizes == 0, took_ns)
    if good.all():
        return found
    return Queries(Places(*(column[good] for column in where)), *(column[good] for column in found[1:]))  # type: ignore[arg-type]
