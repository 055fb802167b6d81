"""Which addresses a website source may connect to."""

from __future__ import annotations

import pytest

from bot.sources.addresses import permitted


@pytest.mark.parametrize(
    ("address", "public", "intranet"),
    [
        ("120.232.145.144", True, True),
        ("2408:8719::1", True, True),
        ("127.0.0.1", False, True),
        ("10.1.2.3", False, True),
        ("192.168.0.1", False, True),
        ("100.64.0.1", False, True),
        ("::1", False, True),
        ("fd12::1", False, True),
        ("::ffff:10.0.0.1", False, True),
        ("64:ff9b::7f00:1", False, True),
        ("2002:0a00:0001::", False, True),
        ("169.254.169.254", False, False),
        ("100.100.100.200", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1%eth0", False, False),
        ("224.0.0.1", False, False),
        ("0.0.0.0", False, False),
        ("240.0.0.1", False, False),
        ("fd00:ec2::254", False, False),
    ],
)
def test_what_may_be_connected_to(address: str, public: bool, intranet: bool) -> None:
    assert permitted(address, intranet=False) is public
    assert permitted(address, intranet=True) is intranet
