"""How long it takes to recognise 10,000 distinct messages, to read query lines, and to load the catalogue.

python bench/messages.py [SEED]
"""

from __future__ import annotations

import random
import re
import sys
import time
from pathlib import Path

from triage.model.message import Message
from triage.parsing.query_log import parse_query
from triage.parsing.recognise import Recogniser
from triage.rulebook.messages import load_messages

ROOT = Path(__file__).resolve().parent.parent
N_MESSAGES = 10_000
N_QUERIES = 200_000


def distinct_lines(messages: tuple[Message, ...], n: int, seed: int) -> list[str]:
    """Examples of all messages with other numbers in them, until there are `n` different lines."""
    draw = random.Random(seed)
    examples = [example for message in messages for example in message.examples]
    lines: dict[str, None] = {}
    while len(lines) < n:
        line = re.sub(r"\d{2,}", lambda m: str(draw.randrange(10 ** len(m[0]))), draw.choice(examples))
        lines[line if draw.random() < 0.7 else f"{line} {draw.randrange(10**6)}"] = None
    return list(lines)


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    start = time.process_time()
    messages = load_messages(ROOT / "rules" / "messages")
    loaded = time.process_time()
    recognise = Recogniser(messages)
    lines = distinct_lines(messages, N_MESSAGES, seed)
    ready = time.process_time()
    understood = sum(recognise(line).understood for line in lines)
    done = time.process_time()
    print(f"load {len(messages)} messages: {loaded - start:.2f} s")
    print(f"recognise {len(lines):,} lines: {done - ready:.2f} s of CPU, understood {understood / len(lines):.1%}")
    queries = [
        f'[INFO] 10.42.{i % 250}.7:{i % 60000} - {i % 65536} "A IN s{i}.shop.svc.cluster.local. udp 41 false 1232" '
        f"NOERROR qr,aa,rd 68 0.0000{i % 100000:05d}s"
        for i in range(N_QUERIES)
    ]
    ready = time.process_time()
    read = sum(parse_query(line) is not None for line in queries)
    done = time.process_time()
    print(f"read {read:,} query lines: {read / (done - ready):,.0f} a second")


if __name__ == "__main__":
    main()
