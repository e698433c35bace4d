"""Addresses keep their kind and what they share with others."""

from __future__ import annotations

import ipaddress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from triage.redact.addresses import KEPT, AddressMap

MAP = AddressMap(b"key")
FOUR = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
SIX = st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address)
KINDS = ("is_private", "is_global", "is_loopback", "is_link_local", "is_multicast", "is_unspecified")


def near(address, bits: int, turned: int):
    """Another address that shares the first bits."""
    width = address.max_prefixlen
    return type(address)(int(address) ^ (turned % (1 << (width - bits))))


def shared(a, b) -> int:
    return a.max_prefixlen - (int(a) ^ int(b)).bit_length()


def met_by_kept(address) -> bool:
    return int(address) in KEPT or int(MAP.address(address)) in KEPT


@given(FOUR | SIX, st.integers(0, 127), st.integers(0, 2**128))
def test_prefixes_are_kept(address, bits: int, turned: int) -> None:
    other = near(address, bits % address.max_prefixlen, turned)
    if any(map(met_by_kept, (address, other))):
        return
    assert shared(MAP.address(address), MAP.address(other)) == shared(address, other)


@given(FOUR | SIX)
def test_the_kind_is_kept(address) -> None:
    mapped = MAP.address(address)
    assert {k: getattr(mapped, k) for k in KINDS} == {k: getattr(address, k) for k in KINDS}


@pytest.mark.parametrize(
    "network",
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fd00::/8", "2001:db8::/32", "203.0.113.0/24"],
)
def test_a_network_with_a_meaning_is_kept(network: str) -> None:
    inside = ipaddress.ip_network(network)
    mapped = MAP.address(inside[12345 % inside.num_addresses])
    assert mapped in inside


@pytest.mark.parametrize("text", ["127.0.0.53", "169.254.169.253", "8.8.8.8", "::1", "fe80::1", "255.255.255.0"])
def test_what_everybody_has_stays(text: str) -> None:
    assert str(MAP.address(ipaddress.ip_address(text))) == text


def test_no_two_addresses_become_one_even_around_those_that_stay() -> None:
    around = [ipaddress.ip_address(n + i) for n in sorted(KEPT) for i in range(-40, 40) if n < 2**32]
    assert len({MAP.address(a) for a in around}) == len(set(around))


def test_usual_addresses_of_the_dns_service_stay() -> None:
    usual = yaml.safe_load((ROOT / "rules" / "parameters.yaml").read_text())["addresses"]["dns_service"]
    assert usual
    assert [str(MAP.address(ipaddress.ip_address(a))) for a in usual] == usual


def test_another_key_gives_other_addresses() -> None:
    address = ipaddress.ip_address("10.1.2.3")
    assert len({AddressMap(bytes([i])).address(address) for i in range(8)}) > 6


@given(FOUR, st.integers(8, 32))
def test_a_network_holds_its_addresses_afterwards(address, length: int) -> None:
    network = ipaddress.ip_network((address, length), strict=False)
    if met_by_kept(address) or met_by_kept(network.network_address):
        return
    mapped = ipaddress.ip_network((MAP.network(network.network_address, length), length))
    assert MAP.address(address) in mapped
