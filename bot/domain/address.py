"""Where an address leads: the one rule behind every check of what may be connected to."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address

# Cloud metadata services that lie in ranges an administrator may otherwise open: Alibaba, Oracle, AWS over IPv6.
_METADATA = frozenset(map(ip_address, ("100.100.100.200", "192.0.0.192", "fd00:ec2::254")))
_NAT64 = ip_network("64:ff9b::/96")


class Reach(StrEnum):
    """`inside`: loopback, private, carrier-grade NAT, site-local. `closed`: link-local, metadata, multicast and
    reserved; nobody may open it."""

    PUBLIC = "public"
    INSIDE = "inside"
    CLOSED = "closed"


def reach(address: IPAddress) -> Reach:
    """Where a connection to `address` would lead; an IPv6 form of an IPv4 address is judged as that one."""
    address = _unwrapped(address)
    if (
        address in _METADATA
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.is_reserved and not address.is_loopback)
    ):
        return Reach.CLOSED
    if address.is_global and not (isinstance(address, IPv6Address) and address.is_site_local):
        return Reach.PUBLIC
    return Reach.INSIDE


def _unwrapped(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 form (mapped, 6to4, NAT64) leads to, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
