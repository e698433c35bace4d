"""The engine: texts of any kind, word by word with a memory, so that a log costs one look-up a word."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from triage.redact import secrets
from triage.redact.kept import ENDINGS, WORDS, is_no_name
from triage.redact.pseudonyms import Pseudonyms
from triage.redact.secrets import Mode

_LETTER = r"A-Za-z0-9_*\u00c0-\u024f\u0370-\u052f"
_LABEL = rf"(?:[{_LETTER}](?:[{_LETTER}-]|\\[0-9]{{3}}|\\[.@])*|(?:\\[0-9]{{3}})+[{_LETTER}-]*)"
_TOKEN = re.compile(
    # Escapes of terminals and of JSON are no letters of what stands beside them.
    r"\x1b\[[0-9;]{0,20}[A-Za-z]|\\u[0-9A-Fa-f]{4}|\\[nrtbf\"/\\]"
    r"|(?<![\w.:])(?P<six>(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4}))"
    r"(?![\w:]|\.\w)(?P<interface>%\w{1,15}(?:[.-]\w{1,15}){0,3})?(?P<six_len>/\d{1,3}(?!\w))?"
    r"|(?<![\w.])(?<![A-Za-z]-)(?P<four>(?:\d{1,3}\.){3}\d{1,3})(?!\.?\w|-[A-Za-z])(?P<four_len>/\d{1,2}(?!\w))?"
    rf"|(?P<mail>[\w.+%-]{{1,64}}@(?={_LABEL}\.))?(?P<name>{_LABEL}(?:\.{_LABEL})*\.?)"
)
_QUESTIONS = (
    # Names of one label look like words; here they are names.
    re.compile(r"(?P<before>plugin/errors: -?\d{1,5} )(?P<name>[^\s.]{1,80}\.)(?= )"),
    re.compile(r"(?P<before> (?:IN|CH|HS|ANY) )(?P<name>[^\s.]{1,80}\.)(?= )"),
    re.compile(r"(?P<before>lookup )(?P<name>[^\s.:]{1,80})(?= on [\[\d]|: no such host|: i/o timeout|: server misb)"),
    re.compile(r"(?P<before>server can't find )(?P<name>[^\s.:]{1,80}\.?)(?=: )"),
)
_HINTS = ("plugin/errors: ", " IN ", "lookup ", "server can't find ")
_INSIDE4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_END = "[bcdfghjklmnpqrstvwxz2456789]{5}"
"""What Kubernetes ends names of pods with."""
_POD = re.compile(rf"(?:[a-z0-9]+-){{1,8}}(?:[a-z0-9]{{6,10}}-{_END}|(?=[a-z]*\d){_END})")
_REMEMBERED = 500_000
_FIGURES = "0123456789.:->TZs\\n"
_QUOTE = '"'
_LONGEST, _SHORT = 400, 24


class Redactor:
    """Texts in, texts out, under one mode and one set of pseudonyms.

    `entities` maps names of nodes, pods, namespaces, places to their kind: they stay in mode `names`, and go in `full`.
    `words` are further names of one label that are names of DNS wherever they stand alone.

    >>> r = Redactor("names", Pseudonyms(b"k"))
    >>> r.text('10.9.1.4:4 - 7 "A IN db.prod.svc.cluster.local. udp 49" NOERROR qr,rd 106 0.0001s')[21:54]
    'xlfsijwzuk.xtkl67xgcc.svc.cluster'
    >>> r.text("read udp 10.9.1.4:4->10.0.0.2:53: i/o timeout"), r.counts
    ('read udp 10.9.1.4:4->10.0.0.2:53: i/o timeout', {'names': 1})
    """

    def __init__(
        self,
        mode: Mode,
        pseudonyms: Pseudonyms,
        entities: Mapping[str, str] | None = None,
        words: frozenset[str] = frozenset(),
    ) -> None:
        self.mode = mode
        self.pseudonyms = pseudonyms
        found = {name.lower(): kind for name, kind in (entities or {}).items()}
        self.entities = {name: kind for name, kind in found.items() if _is_own(name)}
        self.words = words
        self._done: dict[str, dict[str, None]] = {}
        self._memory = _Memory(self)

    def __reduce__(self) -> tuple[type[Redactor], tuple[object, ...]]:
        """For another process: it remembers for itself."""
        return Redactor, (self.mode, self.pseudonyms, self.entities, self.words)

    @property
    def counts(self) -> dict[str, int]:
        """Distinct things that were replaced, by kind."""
        return {kind: len(done) for kind, done in sorted(self._done.items()) if done}

    def text(self, text: str) -> str:
        """A text, of one line or many."""
        if self.mode == "none":
            return secrets.hide(text, self._secret)
        found = self._words(text)
        if self._memory.alarmed:
            hidden = secrets.hide(text, self._secret)
            return found if hidden == text else self._words(hidden)
        return found

    def _words(self, text: str) -> str:
        for hint, question in zip(_HINTS, _QUESTIONS, strict=True):
            if hint in text:
                text = question.sub(self._question, text)
        word = self._memory.__getitem__
        return "\n".join([" ".join(map(word, line.split(" "))) for line in text.split("\n")])

    def _secret(self, secret: str) -> None:
        self._note("secrets", secret)

    def value(self, text: str) -> str:
        """A field that holds a name, an address or words: `a.` alone is a name here."""
        if self.mode != "none" and len(text) > 1 and text.endswith(".") and "." not in text[:-1] and " " not in text:
            return self.name(text)
        return self.text(text)

    def name(self, name: str) -> str:
        """A DNS name."""
        found = self.pseudonyms.name(name)
        if found != name.lower():
            self._note("names", name.lower())
        return found

    def entity(self, name: str) -> str:
        """The name of a node, pod or place."""
        kind = self.entities.get(name.lower())
        if kind is None:
            return self.text(name)
        if self.mode != "full":
            return name
        if kind == "pods":
            found = "-".join(self.pod_pieces(name.lower()))
        elif "." in name:
            found = self.pseudonyms.name(name)
        else:
            found = self.pseudonyms.label(name)
        self._note(kind, name.lower())
        return found

    def pod_pieces(self, name: str) -> list[str]:
        """A pod's name; the node in the name of a mirror pod is replaced like the node."""
        pieces = name.split("-")
        for at in range(1, len(pieces)):
            if self.entities.get("-".join(pieces[at:])) == "nodes":
                return [*pieces[:at], self.entity("-".join(pieces[at:]))]
        return [self.pseudonyms.pod(name, WORDS.__contains__)]

    def word(self, word: str) -> str:
        """A word without blanks, not remembered."""
        return _TOKEN.sub(self._token, word)

    def _question(self, match: re.Match[str]) -> str:
        bare = match["name"].rstrip(".").lower()
        kept = bare in WORDS or bare in self.entities or not bare or bare.isdigit()
        # In mode `full` the words that follow find an address in it; twice would be another address.
        kept = kept or (self.mode == "full" and self.pseudonyms.packed(bare) is not None)
        return match[0] if kept else match["before"] + self.name(match["name"])

    def _token(self, match: re.Match[str]) -> str:
        kind = match.lastgroup
        if match["four"]:
            return self._address(match["four"], match["four_len"])
        if match["six"]:
            return self._address(match["six"], match["six_len"], match["interface"])
        if kind is None or not match["name"]:
            return match[0]
        text, at = match.string, match.start("name")
        before, after = text[at - 1 : at] if at else "", text[match.end() : match.end() + 1]
        name = self._name(match["name"], before, after)
        if match["mail"]:
            user = match["mail"][:-1]
            own = user == secrets.HIDDEN or name == match["name"]
            return f"{user if own else self.pseudonyms.label(user)}@{name}"
        return name

    def _address(self, text: str, length: str | None, interface: str | None = None) -> str:
        if self.mode != "full":
            return text + (interface or "") + (length or "")
        if interface:  # of a link-local address, which stays
            self._note("addresses", text + interface)
            interface = f"%{self.pseudonyms.label(interface[1:])}"
            return self._address(text, None) + interface + (length or "")
        try:
            address = ipaddress.ip_address(".".join(str(int(p)) for p in text.split(".")) if ":" not in text else text)
        except ValueError:
            return text + (length or "")
        bits = int(length[1:]) if length else None
        if bits is not None and bits <= address.max_prefixlen:
            found = self.pseudonyms.network(address, bits)
        else:
            found = self.pseudonyms.address(address)
        if found == address:
            return text + (length or "")
        self._note("addresses", str(address))
        return f"{found}{length or ''}"

    def _name(self, token: str, before: str, after: str) -> str:
        bare = token.rstrip(".")
        lowered = bare.lower()
        if lowered in self.entities:
            return self.entity(bare) + token[len(bare) :]
        if "." not in bare:
            if lowered in self.words and lowered not in WORDS:
                return self.name(token)
            return self._dotless(bare) + token[len(bare) :] if self.mode == "full" else token
        if is_no_name(token, before, after):
            return self._inside(token) if self.mode == "full" else token
        stem, _, ending = token.rpartition(".")
        if ending.lower() in ENDINGS:
            return f"{self._stem(stem)}.{ending}"
        if ending.isdigit():
            return self._inside(token) if self.mode == "full" else token
        return self.name(token)

    def _inside(self, token: str) -> str:
        """Addresses glued to something else."""
        return _INSIDE4.sub(lambda match: self._address(match[0], None), token)

    def _stem(self, stem: str) -> str:
        """The name of a file or unit without its ending."""
        if stem.lower() in self.entities:
            return self.entity(stem)
        head, dot, ending = stem.rpartition(".")
        if dot and ending.lower() in ENDINGS:
            return f"{self._stem(head)}.{ending}"
        if dot:
            return self.name(stem)
        return self._dotless(stem) if self.mode == "full" else stem

    def _dotless(self, word: str) -> str:
        """A word of letters, digits and hyphens: names of pods and nodes in it, and addresses."""
        if "-" not in word and "_" not in word:
            return word
        lowered = word.lower()
        if _POD.fullmatch(lowered) and not all(part in WORDS for part in lowered.split("-")):
            self._note("pods", lowered)
            return "-".join(self.pod_pieces(lowered))
        packed = self.pseudonyms.packed(lowered)
        if packed is not None and packed != lowered:
            self._note("addresses", lowered)
            return packed
        return self._pieces(word)

    def _pieces(self, word: str) -> str:
        """The longest runs of parts that are names of their own: `checks-k8s-m01-20260301`."""
        parts = re.split(r"([-_])", word)
        if len(parts) > 41:
            return word
        at = 0
        found = ""
        while at < len(parts):
            for end in range(len(parts), at, -2):
                run = "".join(parts[at:end])
                if run.lower() in self.entities and (at, end) != (0, len(parts)):
                    found, at = found + self.entity(run), end
                    break
            else:
                piece = parts[at]
                found, at = found + piece, at + 1
        return found

    def _note(self, kind: str, what: str) -> None:
        self._done.setdefault(kind, {})[what] = None


class _Memory(dict[str, str]):
    """Word to redacted word; times, ports and durations, which hardly ever come again, are not remembered."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor
        self._full = redactor.mode == "full"
        self._endpoints: dict[str, str] = {}
        self.alarmed = False
        """Was there ever a word that may stand beside a secret?"""

    def __missing__(self, word: str) -> str:
        if not word.strip(_FIGURES):
            if not self._full or (word.count(".") < 3 and "::" not in word and word.count(":") < 7):
                return word
            return self._figures(word)
        if _QUOTE in word:  # a line in JSON: its parts come again, it does not
            found = _QUOTE.join(map(self.__getitem__, word.split(_QUOTE)))
            if len(word) > _SHORT:
                return found
        else:
            found = self._redactor.word(word)
            self.alarmed = self.alarmed or secrets.alarming(word)
        if len(word) < _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[word] = found
        return found

    def _figures(self, word: str) -> str:
        """A word without letters: a time, a number, or addresses, mostly with a port that is new."""
        head, colon, port = word.partition(":")
        known = self._endpoints.get(head)
        if known is not None and (port.isdigit() or not port):
            return f"{known}{colon}{port}"
        if "->" in word:
            return "->".join(map(self._figures, word.split("->")))
        if head.count(".") != 3 or ":" in port[:-1]:
            return word if "." not in word and word.count(":") < 3 and "::" not in word else self._redactor.word(word)
        if known is None:
            if len(self._endpoints) >= _REMEMBERED:
                self._endpoints.clear()
            known = self._endpoints[head] = self._redactor.word(head)
        return f"{known}{colon}{port}"


def _is_own(name: str) -> bool:
    """Is it a name that tells whose it is, and no word of every cluster, number or address?"""
    if name in WORDS or len(name) < 2 or name.isdigit():
        return False
    try:
        ipaddress.ip_network(name, strict=False)
    except ValueError:
        return True
    return False
