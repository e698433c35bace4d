"""The catalogue of messages: every example is its own message, in every head that CoreDNS has put before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from triage.errors import RuleError
from triage.model.message import Message, Where, release
from triage.parsing.recognise import Recogniser
from triage.rulebook.messages import check_messages, load_messages

HEADS = ("{}", "2019-05-06T07:08:09.123Z {}", "2018/05/06 07:08:09 {}", " {}")


def test_every_example_is_recognised_as_its_own_message(messages: tuple[Message, ...], recognise: Recogniser) -> None:
    assert check_messages(messages, recognise) == ()


@pytest.mark.parametrize("head", HEADS)
def test_old_clocks_change_nothing(messages: tuple[Message, ...], recognise: Recogniser, head: str) -> None:
    for message in messages:
        for example in message.examples:
            if example.startswith("["):
                assert recognise(head.format(example)) == recognise(example), example


def test_every_message_is_reached_by_one_of_its_examples(messages: tuple[Message, ...], recognise: Recogniser) -> None:
    seen = set()
    for message in messages:
        for example in message.examples:
            found = recognise(example)
            seen |= {found.message_id, found.fields.get("inner")}
    inner_only = {m.id for m in messages if m.where in (Where.WORDS, Where.TRACE) or m.same_as}
    assert {m.id for m in messages} - seen - inner_only == set()


def test_levels_of_lines_are_levels_that_the_message_has(messages: tuple[Message, ...], recognise: Recogniser) -> None:
    for message in messages:
        if message.where is Where.LINE and message.levels:
            levels = {recognise(e).level for e in message.examples if recognise(e).message_id == message.id}
            assert levels <= {*message.levels, None}, message.id


def test_releases_are_in_order(messages: tuple[Message, ...]) -> None:
    for message in messages:
        for wording in message.wordings:
            if wording.since and wording.until:
                assert release(wording.since) <= release(wording.until), wording


def test_wordings_of_a_message_differ(messages: tuple[Message, ...]) -> None:
    for message in messages:
        texts = [wording.text for wording in message.wordings]
        assert len(texts) == len(set(texts)), message.id


GOOD = """plugin: fanout
messages:
  - id: fanout.gone
    level: [ERROR]
    text: "fan {n:int} is gone"
    label: info
    examples: ["[ERROR] plugin/fanout: fan 7 is gone"]
"""


@pytest.mark.parametrize(
    ("before", "after", "mistake"),
    [
        ("fanout.gone", "Fanout", "messages/x.yaml:3: 'Fanout' is no id; write area.what-happened in lower case"),
        ("{n:int}", "{n:number}", "messages/x.yaml:5: template 'fan {n:number} is gone': unknown type in {n:number}"),
        ("{n:int} is", "{n:int}{m:int} is", "no text between {n:int} and {m:int}; join them"),
        ("label: info", "label: inof", "messages/x.yaml:6: unknown label 'inof'; did you mean 'info'?"),
        ("[ERROR]\n", "[EROR]\n", "messages/x.yaml:4: unknown level 'EROR'; did you mean 'ERROR'?"),
        ("label: info", "kind: timeot\n    label: info", "unknown kind 'timeot'; did you mean 'timeout'?"),
        ("label: info", 'since: "1.9"\n    label: info', "messages/x.yaml:6: '1.9' is no release"),
        ("label: info", "colour: red\n    label: info", "messages/x.yaml:6: unknown key 'colour'"),
        ("plugin: fanout", "plugins: fanout", "messages/x.yaml:3: missing key 'plugin'"),
        ("    examples", "    samples", "message 'fanout.gone' has no example; write `examples:` with a whole line"),
        ("- id: fanout.gone", "- id: [", ": no YAML: "),
    ],
)
def test_mistakes_are_told_with_place_and_cure(tmp_path: Path, before: str, after: str, mistake: str) -> None:
    folder = tmp_path / "messages"
    folder.mkdir()
    (folder / "x.yaml").write_text(GOOD.replace(before, after), encoding="utf-8")
    with pytest.raises(RuleError) as error:
        load_messages(folder)
    assert mistake in "\n".join(error.value.mistakes)


def test_one_id_in_two_files_is_a_mistake_of_the_second(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
    with pytest.raises(RuleError) as error:
        load_messages(tmp_path)
    place = f"{tmp_path.name}/a.yaml:3"
    assert error.value.mistakes == (
        f"{tmp_path.name}/b.yaml:3: id 'fanout.gone' stands in {place} too; give it another id, or join both",
    )


def test_an_example_of_another_message_is_a_mistake(tmp_path: Path) -> None:
    text = GOOD.replace("fan 7 is gone", "fan seven is gone")
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    messages = load_messages(tmp_path)
    (mistake,) = check_messages(messages, Recogniser(messages))
    assert "an example of fanout.gone is recognised as plugin.other" in mistake
