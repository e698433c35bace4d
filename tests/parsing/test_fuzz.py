"""Mutated lines: no exception, no hang, and what is read stays within its bounds."""

from __future__ import annotations

import random
import time

from triage.model.message import Message
from triage.model.observation import Meaning
from triage.parsing.query_log import parse_query
from triage.parsing.recognise import Recogniser

N_LINES = 3000
SLOWEST_S = 2.0
"""Far above the measured 0.1 s: only a hang fails."""
PIECES = (
    "i/o timeout",
    "too many open files",
    "[ERROR] ",
    "plugin/errors: ",
    ": ",
    "->",
    " 2 ",
    "'",
    '"',
    "{",
    "\\",
    "\0",
)
ALPHABET = " .:\"'[]{}()->\\/,;=%0123456789abcXYZ\x00\n\t\u202e\ud800\u00e9"


def mutated(line: str, others: list[str], draw: random.Random) -> str:
    for _ in range(draw.randrange(1, 5)):
        start = draw.randrange(len(line) + 1)
        end = min(len(line), start + draw.randrange(30))
        kind = draw.randrange(5)
        if kind == 0:
            line = line[:start] + line[end:]
        elif kind == 1:
            line = line[:start] + draw.choice(PIECES) * draw.randrange(1, 20) + line[start:]
        elif kind == 2:
            line = line[:start] + line[start:end] * draw.choice((2, 50, 3000)) + line[end:]
        elif kind == 3:
            other = draw.choice(others)
            line = line[:start] + other[draw.randrange(len(other)) :]
        else:
            line = line[:start] + "".join(draw.choices(ALPHABET, k=draw.randrange(100))) + line[end:]
    return line


def test_mutated_lines_are_read_quickly_and_without_exceptions(
    messages: tuple[Message, ...], recognise: Recogniser
) -> None:
    draw = random.Random(5)
    examples = [example for message in messages for example in message.examples]
    for _ in range(N_LINES):
        line = mutated(draw.choice(examples), examples, draw)
        start = time.process_time()
        meaning = recognise(line)
        parse_query(line)
        assert time.process_time() - start < SLOWEST_S, line[:300]
        assert isinstance(meaning, Meaning)
        assert meaning.weight >= 1
        assert all(len(value) <= 400 for value in meaning.fields.values())
