"""Whose address counts: the peer's, and what trusted proxies say, never what a caller says of himself."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.edge.peers import NOBODY, address_behind, counted_as

PROXY = "10.0.0.9"


def address(peer: str | None, *forwarded: str) -> str:
    """What is found behind a proxy in 10.0.0.0/8 or on fd00::/8."""
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    client = None if peer is None else (peer, 4711)
    trusted = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
    return address_behind({"type": "http", "client": client, "headers": headers}, trusted)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("192.0.2.1",), "203.0.113.7"),
        (PROXY, ("192.0.2.1",), "192.0.2.1"),
        (PROXY, ("1.1.1.1, 192.0.2.1",), "192.0.2.1"),
        (PROXY, ("1.1.1.1", "192.0.2.1"), "192.0.2.1"),
        (PROXY, ("192.0.2.1, 10.1.1.1",), "192.0.2.1"),
        (PROXY, ("192.0.2.1:5000",), "192.0.2.1"),
        (PROXY, ("[2001:db8::1]:5000",), "2001:db8::1"),
        (PROXY, ("2001:db8::1",), "2001:db8::1"),
        (PROXY, ("::ffff:192.0.2.1",), "192.0.2.1"),
        ("::ffff:10.0.0.9", ("192.0.2.1",), "192.0.2.1"),
        ("fd00::5", ("192.0.2.1",), "192.0.2.1"),
        (PROXY, (), PROXY),
        (PROXY, ("",), PROXY),
        (PROXY, ("nonsense",), PROXY),
        (PROXY, ("192.0.2.1, nonsense",), PROXY),
        (PROXY, ("nonsense, 10.1.1.1",), "10.1.1.1"),
        (None, ("192.0.2.1",), NOBODY),
    ],
)
def test_the_address_that_counts(peer: str | None, forwarded: tuple[str, ...], expected: str) -> None:
    assert address(peer, *forwarded) == expected


@given(st.lists(st.text(st.characters(max_codepoint=255, blacklist_characters="\r\n")), max_size=5))
def test_a_stranger_cannot_choose_his_address(forwarded: list[str]) -> None:
    assert address("203.0.113.7", *forwarded) == "203.0.113.7"


@given(st.text(st.characters(max_codepoint=255, blacklist_characters="\r\n"), max_size=200))
def test_what_stands_before_the_proxys_own_entry_counts_for_nothing(said: str) -> None:
    assert address(PROXY, f"{said}, 192.0.2.1") == "192.0.2.1"


def test_an_ipv6_caller_is_counted_by_the_network_he_owns() -> None:
    def name(of: str) -> str:
        return counted_as({"type": "http", "state": {"address": of}})

    assert name("2001:db8:1:2:3::4") == name("2001:db8:1:2:ffff::1") == "address:2001:db8:1:2::/64"
    assert name("2001:db8:1:3::4") != name("2001:db8:1:2::4")
    assert name("192.0.2.1") == "address:192.0.2.1"
