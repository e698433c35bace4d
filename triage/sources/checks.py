"""The form of `checks-*.txt`: what the script of `triage checks` writes, and what is read back from it.

    ### check ask-second-name host=k8s-pre-m01 place=affected-node command=dig +time=2 @10.0.0.2 b.example.org
    …raw output…
    ### exit 0

Values hold no blanks (`-` when unknown); the command takes the rest of the line.
"""

from __future__ import annotations

from msgspec import Struct

from triage.model.late import late

_HEADER = late(
    r"### check (?P<id>\S{1,200}) host=(?P<host>\S{1,253}) place=(?P<place>\S{1,200}) command=(?P<command>.*)"
)
_FOOTER = late(r"### exit (?P<code>-?\d{1,5})\s*")


class CheckHeader(Struct, frozen=True):
    """The head line of one check's output."""

    id: str
    host: str | None
    place: str | None
    command: str


def read_header(line: str) -> CheckHeader | None:
    """The head line of a check's output, else None.

    >>> read_header("### check a host=m01 place=- command=dig @10.0.0.2 a.org")
    CheckHeader(id='a', host='m01', place=None, command='dig @10.0.0.2 a.org')
    """
    match = _HEADER.fullmatch(line)
    if match is None:
        return None
    known = {name: None if value == "-" else value for name, value in match.groupdict().items()}
    return CheckHeader(match["id"], known["host"], known["place"], match["command"].strip())


def read_footer(line: str) -> int | None:
    """Exit code of a check, else None.

    >>> read_footer("### exit 9"), read_footer("exit")
    (9, None)
    """
    match = _FOOTER.fullmatch(line)
    return int(match["code"]) if match else None
