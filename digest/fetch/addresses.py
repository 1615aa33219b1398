"""Which addresses may be connected to. Pure: names are resolved elsewhere, and what is judged is what is dialled.

The lists are IANA's registries of special-purpose addresses (RFC 6890), written out because the answers of Python's
`ipaddress` differ between its releases.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_Networks = tuple[IPv4Network | IPv6Network, ...]


def _networks(text: str) -> _Networks:
    return tuple(IPv6Network(each) if ":" in each else IPv4Network(each) for each in text.split())


# What a home or a company uses inside; an operator may allow it.
_PRIVATE: dict[str, _Networks] = {
    "loopback": _networks("127.0.0.0/8 ::1/128"),
    "private": _networks("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7"),
    "shared by a provider's customers": _networks("100.64.0.0/10"),
}
# Never: clouds hand out their keys at a link-local address.
_NEVER: dict[str, _Networks] = {
    "unspecified": _networks("0.0.0.0/8 ::/128"),
    "link-local": _networks("169.254.0.0/16 fe80::/10"),
    "multicast": _networks("224.0.0.0/4 ff00::/8"),
    "for documentation": _networks("192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20"),
    "reserved": _networks("192.0.0.0/24 192.88.99.0/24 198.18.0.0/15 240.0.0.0/4 2001::/23"),
    "an IPv4 address in disguise": _networks("::ffff:0:0/96 ::/96 64:ff9b:1::/48 2002::/16"),
}
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


def refusal(address: str, *, allow_private: bool) -> str | None:
    """Return in a word or two why nothing may connect to an IP address, or None if it is public.

    With `allow_private` also loopback and private networks are None. NAT64 (RFC 6052) is judged by the IPv4 address
    inside, because a network without IPv4 reaches all of it that way.
    """
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found in _NAT64:
        found = IPv4Address(int(found) & 0xFFFFFFFF)
    private = _kind(found, _PRIVATE)
    if private:
        return None if allow_private else private
    unroutable = isinstance(found, IPv6Address) and found not in _GLOBAL_IPV6
    return _kind(found, _NEVER) or ("reserved" if unroutable else None)


def _kind(address: IPv4Address | IPv6Address, kinds: dict[str, _Networks]) -> str | None:
    return next((kind for kind, networks in kinds.items() if any(address in each for each in networks)), None)
