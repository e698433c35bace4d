"""Names → pseudonyms under one key: the same name always gets the same one, and a pseudonym stays what it is."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import re
import secrets
from collections.abc import Callable
from itertools import count

from triage.errors import TriageError
from triage.redact.addresses import Address, AddressMap
from triage.redact.kept import is_kept_label, is_probe

FORM = "triage.redaction/1"
_PSEUDONYM = re.compile(r"x([a-z2-7]{7})([a-z2-7]{2})")
_PACKED4 = re.compile(r"(?<![0-9])(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})(?![0-9])")
_PACKED6 = re.compile(r"(?:[0-9a-f]{0,4}-){2,7}[0-9a-f]{0,4}")
# The alphabet of Kubernetes' random endings: no vowels, no 0, 1 or 3.
_RANDOM = "bcdfghjklmnpqrstvwxz2456789"
_ENDING = re.compile(r"[a-z0-9]{5,10}")


class Pseudonyms:
    """What stands for names and addresses, and what was replaced so far.

    >>> p = Pseudonyms(b"k")
    >>> one, two = p.name("db.prod.svc.cluster.local."), p.name("web.prod.svc.cluster.local.")
    >>> one.split(".")[1:] == two.split(".")[1:], one.split(".")[2:], p.name(one) == one
    (True, ['svc', 'cluster', 'local', ''], True)
    >>> p.name("4.3.2.10.in-addr.arpa.").split(".")[3:], p.name("ip-10-1-2-3.ec2.internal")[:6]
    (['10', 'in-addr', 'arpa', ''], 'ip-10-')
    """

    def __init__(self, key: bytes | None = None) -> None:
        self.key = secrets.token_bytes(32) if key is None else key
        self.originals: dict[str, str] = {}
        """Pseudonym to what it stands for, of everything that was replaced."""
        self._addresses = AddressMap(self.key)
        self._labels: dict[str, str] = {}

    def label(self, label: str) -> str:
        """One label of a name."""
        lowered = label.lower()
        found = self._labels.get(lowered)
        if found is None:
            found = self._labels[lowered] = self._label(lowered)
        return found

    def _label(self, label: str) -> str:
        if is_kept_label(label) or is_pseudonym(label):
            return label
        if label.startswith("_"):
            return "_" + self.label(label[1:])
        return self.packed(label) or self._fresh(label)

    def packed(self, label: str) -> str | None:
        """A label with an address in it, such as `ip-10-1-2-3`, with the address replaced; None when it has none."""
        found = _PACKED4.search(label)
        if found and max(map(int, found.groups())) < 256:
            mapped = str(self.address(ipaddress.ip_address(".".join(str(int(part)) for part in found.groups()))))
            before, after = label[: found.start()].rstrip("-"), label[found.end() :].lstrip("-")
            parts = (_word(self, before), mapped.replace(".", "-"), _word(self, after))
            return "-".join(part for part in parts if part)
        if _PACKED6.fullmatch(label):
            try:
                address = ipaddress.IPv6Address(label.replace("-", ":"))
            except ValueError:
                return None
            mapped = str(self.address(address)).replace(":", "-")
            # A label neither begins nor ends with a hyphen: Kubernetes puts zeros there.
            return f"{'0' if mapped[0] == '-' else ''}{mapped}{'0' if mapped[-1] == '-' else ''}"
        return None

    def _fresh(self, label: str) -> str:
        for attempt in count():
            body = base64.b32encode(self._digest(f"label {attempt} {label}"))[:7].decode().lower()
            found = f"x{body}{_check(body)}"
            if self.originals.setdefault(found, label) == label:
                return found
        raise AssertionError

    def name(self, name: str) -> str:
        """A DNS name, label by label: depth, cluster and reverse suffixes, and a well-known last label stay."""
        reverse = self._reverse(name)
        if reverse is not None:
            return reverse
        labels = re.split(r"(?<!\\)\.", name) if "\\" in name else name.split(".")
        last = len(labels) - 1 - (labels[-1] == "")
        random = 2 * is_probe(name)
        found = [text if i < random or not text else self.label(text) for i, text in enumerate(labels)]
        if last > 0 and is_kept_label(labels[last].lower(), last=True):
            found[last] = labels[last].lower()
        return ".".join(found)

    def _reverse(self, name: str) -> str | None:
        """A name under a reverse zone stands for an address or a network; None for every other name."""
        lowered = name.lower()
        if not lowered.endswith(("arpa", "arpa.")):
            return None
        for suffix, base, step, width in ((".in-addr.arpa", 10, 8, 32), (".ip6.arpa", 16, 4, 128)):
            head, found, dot = lowered.rstrip(".").rpartition(suffix)[0], suffix, "." * lowered.endswith(".")
            if not head or not lowered.rstrip(".").endswith(suffix):
                continue
            parts = head.split(".")
            try:
                digits = [int(part, base) for part in reversed(parts)]
            except ValueError:
                return None
            if len(digits) * step > width or not all(0 <= digit < 1 << step for digit in digits):
                return None
            number = 0
            for digit in digits:
                number = number << step | digit
            made = ipaddress.IPv4Address if width == 32 else ipaddress.IPv6Address
            mapped = int(self.network(made(number << (width - len(digits) * step)), len(digits) * step))
            shown = [mapped >> (width - step * (i + 1)) & ((1 << step) - 1) for i in range(len(digits))]
            return ".".join(f"{digit:x}" if base == 16 else f"{digit}" for digit in reversed(shown)) + found + dot
        return None

    def address(self, address: Address) -> Address:
        """An address."""
        return self._noted(address, self._addresses.address(address))

    def network(self, address: Address, length: int) -> Address:
        """An address that is written with a prefix length."""
        return self._noted(address, self._addresses.network(address, length))

    def _noted(self, address: Address, mapped: Address) -> Address:
        if mapped != address:
            self.originals.setdefault(str(mapped), str(address))
        return mapped

    def pod(self, name: str, known: Callable[[str], bool]) -> str:
        """A pod's name: words of CoreDNS itself (`known`) and the shape of its random endings stay.

        >>> Pseudonyms(b"k").pod("coredns-7f8ff9c97-6tlln", "coredns".__eq__)[:8]
        'coredns-'
        """
        parts = name.split("-")
        random = {len(parts) - 1, len(parts) - 2} if len(parts) > 2 else {len(parts) - 1}
        found = "-".join(
            part if known(part) or (part.isdigit() and len(part) < 4) else self._part(part, ending=i in random)
            for i, part in enumerate(parts)
        )
        if found != name:
            self.originals.setdefault(found, name)
        return found

    def _part(self, part: str, *, ending: bool) -> str:
        if ending and _ENDING.fullmatch(part):
            return _spell(int.from_bytes(self._digest(f"ending {part}")), _RANDOM, len(part))
        return self.label(part)

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "replace"), key=self.key[:64], digest_size=16).digest()

    def dump(self) -> str:
        """The map as text: who has it can undo the redaction."""
        return json.dumps({"form": FORM, "key": self.key.hex(), "originals": self.originals}, indent=1) + "\n"


def read_pseudonyms(text: str, *, file: str) -> Pseudonyms:
    """The map that `Pseudonyms.dump` wrote."""
    try:
        data = json.loads(text)
        form, key, originals = data["form"], bytes.fromhex(data["key"]), dict(data["originals"])
    except (ValueError, KeyError, TypeError, RecursionError):
        form, key, originals = None, b"", {}
    if form != FORM or not key or not all(isinstance(text, str) for text in originals.values()):
        raise TriageError(
            "{file} is no map of a redaction", hint="name another file; it is made when it is missing", file=file
        )
    found = Pseudonyms(key)
    found.originals.update(originals)
    return found


def is_pseudonym(label: str) -> bool:
    """Is it one of ours, under whatever key? Two of its letters check the others.

    >>> is_pseudonym(Pseudonyms(b"k").label("payroll")), is_pseudonym("xabcdefgaa")
    (True, False)
    """
    match = _PSEUDONYM.fullmatch(label)
    return match is not None and _check(match[1]) == match[2]


def _check(body: str) -> str:
    return base64.b32encode(hashlib.blake2b(body.encode(), digest_size=4).digest())[:2].decode().lower()


def _spell(number: int, letters: str, length: int) -> str:
    found = []
    for _ in range(length):
        number, digit = divmod(number, len(letters))
        found.append(letters[digit])
    return "".join(found)


def _word(pseudonyms: Pseudonyms, text: str) -> str:
    """What stands beside an address in a label; `ip` and single letters say nothing."""
    return text if text in {"ip", "ec2", "node", "host", "vm"} or len(text) < 2 else pseudonyms.label(text)
