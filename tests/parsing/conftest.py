from __future__ import annotations

from pathlib import Path

import pytest

from triage.model.message import Message
from triage.parsing.recognise import Recogniser
from triage.rulebook.messages import load_messages

MESSAGES = Path(__file__).parents[2] / "rules" / "messages"


@pytest.fixture(scope="session")
def messages() -> tuple[Message, ...]:
    return load_messages(MESSAGES)


@pytest.fixture(scope="session")
def recognise(messages: tuple[Message, ...]) -> Recogniser:
    return Recogniser(messages)
