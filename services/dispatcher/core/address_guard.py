"""Which addresses the fleet posts to, and which it does not because they are nobody's public receiver.

A webhook's URL is chosen by whoever configures it, and the fleet stands where those people do not: inside a network,
next to databases, admin pages and a cloud's metadata service that trusts whoever can reach it. So an address is called
only if it is a public unicast one, or in a network that the operator allows.

- *The address decides, not the name.* A name proves nothing, and its answer may change from one question to the next.
  The caller looks a name up once, has every address of the answer judged here, and connects to what came out: there is
  no second question whose answer could differ.
- *An address that carries an IPv4 address is judged by that one*: IPv4-mapped and IPv4-compatible, NAT64, 6to4, Teredo
  (both it carries). A packet to one of these arrives there. Only the NAT64 prefix for local use has no known place for
  it (RFC 8215 leaves that to the site), so it counts as a private network.
- *Of IPv6 only 2000::/3 is public*, all that is given out so far, without its parts for special purposes.
- *A host is an address in its usual form, or a name.* Other spellings of an IPv4 address (``0x7f.1``, ``2130706433``,
  ``0177.0.0.1``) and zones mean one thing here and another there. They are refused rather than interpreted.

What this module refuses to know: DNS, sockets, ports, schemes. The rows are those of IANA's special-purpose address
registries (RFC 6890 and what updates it), with one public address more that is only reached from inside a cloud.
"""

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: The setting that holds the networks to be called although they are not public.
SETTING = "HOOKFLEET_ALLOWED_NETWORKS"

_NOT_PUBLIC: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a carrier-grade NAT address"),
        ("127.0.0.0/8", "a loopback address"),
        ("168.63.129.16/32", "a cloud's own service"),  # Azure's, to its virtual machines
        ("169.254.0.0/16", "a link-local address"),  # the metadata service of most clouds is 169.254.169.254
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.88.99.0/24", "a reserved address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "a benchmarking address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("64:ff9b:1::/48", "a private address"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "a documentation address"),
        ("3fff::/20", "a documentation address"),
        ("fc00::/7", "a unique local address"),
        ("fe80::/10", "a link-local address"),
        ("ff00::/8", "a multicast address"),
    )
)
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_COMPATIBLE = IPv6Network("::/96")
_NAT64 = IPv6Network("64:ff9b::/96")
#: ``::`` and ``::1`` are in the IPv4-compatible block by their number only.
_OF_THEIR_OWN = (IPv6Address("::"), IPv6Address("::1"))
#: What other readers than ours take for an IPv4 address, or for a part of one: a last label that is a number.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


class AddressRefused(Exception):
    """Nothing may be sent there; the text says where, what it is, and which setting would allow it."""


class AddressGuard:
    """``allowed`` are networks that may be called although they are not public."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def permitted(self, host: str, found: Sequence[str]) -> list[str]:
        """Of the addresses ``found`` for ``host`` those that may be called, in their order and usual form.

        Raises AddressRefused when there are some and none may be.

        >>> AddressGuard().permitted("hooks.example", ["127.0.0.1", "93.184.215.14"])
        ['93.184.215.14']
        """
        permitted: list[str] = []
        reasons: list[str] = []
        for text in found:
            address = _address(text)
            reason = "no address in its usual form" if address is None else self.reason_against(address)
            if reason is None:
                permitted.append(str(address))
            else:
                reasons.append(reason if text == host else f"{text}, {reason}")
        if reasons and not permitted:
            raise AddressRefused(f"{host} is {reasons[0]}; {SETTING} names no network that it is in")
        return permitted

    def reason_against(self, address: Address) -> str | None:
        """What ``address`` is that it may not be called; null when it may."""
        for meant in _meant_by(address):
            if any(meant in network for network in self._allowed):
                continue
            kind = next((kind for network, kind in _NOT_PUBLIC if meant in network), None)
            if kind is None and isinstance(meant, IPv6Address) and meant not in _PUBLIC_IPV6:
                kind = "a reserved address"
            if kind is not None:
                return kind if meant == address else f"{kind} ({meant}) in another form"
        return None


def literal_address(host: str) -> str | None:
    """The address that ``host`` is, in its usual form; null when it is a name that has to be looked up.

    Raises AddressRefused when it is neither.

    >>> literal_address("2001:DB8::1"), literal_address("hooks.example")
    ('2001:db8::1', None)
    """
    address = _address(host)
    if address is not None:
        return str(address)
    last_label = host.removesuffix(".").rpartition(".")[2]
    if ":" in host or "%" in host or _NUMBER.fullmatch(last_label):
        raise AddressRefused(
            f"{host} is an address in an unusual form; write four decimal numbers, or IPv6 without a zone"
        )
    return None


def literal_or_localhost(host: str) -> str | None:
    """As `literal_address`, for names that somebody else looks up: ``localhost`` would be that one's own (RFC 6761)."""
    if host.removesuffix(".").lower().rpartition(".")[2] == "localhost":
        return "127.0.0.1"
    return literal_address(host)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id is not None else address


def _meant_by(address: Address) -> Iterator[Address]:
    """Where a packet to ``address`` arrives: all of these must be fine."""
    if isinstance(address, IPv4Address):
        yield address
    elif address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address.teredo is not None:
        yield from address.teredo
    elif address in _NAT64 or (address in _COMPATIBLE and address not in _OF_THEIR_OWN):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
    else:
        yield address
