"""IP addresses → others of the same kind: what shares a prefix before shares one of the same length after.

Each bit is turned or not by a keyed hash of the bits before it (the scheme of Crypto-PAn). No bit is turned on the way
to a network with a meaning of its own: private stays private, link-local link-local, public public.
"""

from __future__ import annotations

import hashlib
import ipaddress

KEPT = frozenset(
    int(ipaddress.ip_address(text))
    for text in (
        # Resolvers that everybody knows, clouds' own ones, and the addresses that distributions give the DNS Service.
        *("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "149.112.112.112", "208.67.222.222", "208.67.220.220"),
        *("114.114.114.114", "223.5.5.5", "223.6.6.6", "119.29.29.29", "168.63.129.16", "100.100.2.136"),
        *("100.100.2.138", "183.60.83.19", "183.60.82.98", "100.125.1.250", "2001:4860:4860::8888"),
        *("2001:4860:4860::8844", "2606:4700:4700::1111", "2606:4700:4700::1001", "2620:fe::fe", "fd00:ec2::253"),
        *("10.96.0.10", "10.43.0.10", "172.20.0.10", "10.100.0.10"),
    )
)
"""Addresses that stay what they are, beside those of the networks in `_WHOLE`."""
_WHOLE = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/96", "fe80::/10", "ff00::/8")
"""Networks whose addresses tell nothing of a site: this host, link-local, multicast, masks."""
_MEANING = (
    *("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24"),
    *("192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "64:ff9b::/48", "100::/64", "2000::/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    *("5f00::/16", "fc00::/8", "fd00::/8", "::ffff:0:0/96"),
)
_MAPPED = int(ipaddress.ip_address("::ffff:0.0.0.0"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _branches(width: int) -> frozenset[tuple[int, int]]:
    """Prefixes (length, bits) behind which a network with a meaning lies: the bit that follows is not turned."""
    found: set[tuple[int, int]] = set()
    for network in map(ipaddress.ip_network, (*_WHOLE, *_MEANING)):
        if network.max_prefixlen == width:
            bits = int(network.network_address)
            found.update((length, bits >> (width - length)) for length in range(network.prefixlen))
    return frozenset(found)


_FIXED = {32: _branches(32), 128: _branches(128)}
_STAY = tuple(
    (n.max_prefixlen, int(n.network_address), int(n.broadcast_address)) for n in map(ipaddress.ip_network, _WHOLE)
)


class AddressMap:
    """Addresses under one key.

    >>> m = AddressMap(b"k")
    >>> a, b, c = (int(m.address(ipaddress.ip_address(t))) for t in ("10.1.2.3", "10.1.2.130", "10.1.9.3"))
    >>> (a ^ b).bit_length(), (a ^ c).bit_length(), a >> 24
    (8, 12, 10)
    >>> str(m.address(ipaddress.ip_address("169.254.20.10")))
    '169.254.20.10'
    """

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, digest_size=32, person=b"addresses").digest()
        self._known: dict[tuple[int, int, int], int] = {}

    def address(self, address: Address) -> Address:
        """The address that stands for this one."""
        number, width = int(address), address.max_prefixlen
        if number in KEPT or any(first <= number <= last for of, first, last in _STAY if of == width):
            return address
        if width == 128 and number >> 32 == _MAPPED >> 32:
            inner = self.address(ipaddress.IPv4Address(number & 0xFFFFFFFF))
            return ipaddress.IPv6Address(_MAPPED | int(inner))
        found = self._prefix(number, width, width)
        while found in KEPT:  # taken: what would stand for the kept one is free
            found = self._prefix(found, width, width)
        return type(address)(found)

    def network(self, address: Address, length: int) -> Address:
        """The network's address that stands for this one; the bits behind `length` are those of the address."""
        width = address.max_prefixlen
        rest = int(address) & ((1 << (width - length)) - 1)
        found = int(self.address(address))
        return type(address)(found if rest else found >> (width - length) << (width - length))

    def _prefix(self, number: int, width: int, length: int) -> int:
        """The first `length` bits of `number`, each turned by what stands before it; byte by byte, to remember."""
        if not length:
            return 0
        before = number >> (width - length)
        known = self._known.get((width, length, before))
        if known is not None:
            return known
        found = self._prefix(number, width, length - 8)
        for done in range(length - 8, length):
            bit = number >> (width - done - 1) & 1
            found = found << 1 | (bit ^ self._turn(width, done, number >> (width - done)))
        if length < width:
            self._known[width, length, before] = found
        return found

    def _turn(self, width: int, length: int, before: int) -> int:
        if (length, before) in _FIXED[width]:
            return 0
        text = f"{width} {length} {before:x}".encode()
        return hashlib.blake2b(text, key=self._key, digest_size=1).digest()[0] & 1
