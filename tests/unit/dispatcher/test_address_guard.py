"""Which addresses may be called: every special one, every form of it, and what the operator allows."""

import contextlib
import re
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.core.address_guard import AddressGuard, AddressRefused, literal_address

GUARD = AddressGuard()
NOT_PUBLIC = {
    "0.0.0.0": "an unspecified address",
    "0.1.2.3": "an unspecified address",
    "10.0.0.1": "a private address",
    "10.255.255.255": "a private address",
    "100.64.0.1": "a carrier-grade NAT address",
    "100.100.100.200": "a carrier-grade NAT address",
    "127.0.0.1": "a loopback address",
    "127.255.255.254": "a loopback address",
    "168.63.129.16": "a cloud's own service",
    "169.254.169.254": "a link-local address",
    "172.16.0.1": "a private address",
    "172.31.255.255": "a private address",
    "192.0.0.192": "a reserved address",
    "192.0.2.1": "a documentation address",
    "192.88.99.1": "a reserved address",
    "192.168.1.1": "a private address",
    "198.18.0.1": "a benchmarking address",
    "198.19.255.255": "a benchmarking address",
    "198.51.100.1": "a documentation address",
    "203.0.113.1": "a documentation address",
    "224.0.0.1": "a multicast address",
    "239.255.255.255": "a multicast address",
    "240.0.0.1": "a reserved address",
    "255.255.255.255": "a reserved address",
    "::": "an unspecified address",
    "::1": "a loopback address",
    "64:ff9b:1::7f00:1": "a private address",
    "100::1": "a reserved address",
    "2001:2::1": "a reserved address",
    "2001:db8::1": "a documentation address",
    "3fff::1": "a documentation address",
    "4000::1": "a reserved address",
    "5f00::1": "a reserved address",
    "fc00::1": "a unique local address",
    "fd00:ec2::254": "a unique local address",
    "fe80::1": "a link-local address",
    "fec0::1": "a reserved address",
    "ff02::1": "a multicast address",
}
PUBLIC = ("1.1.1.1", "8.8.8.8", "11.0.0.0", "100.63.255.255", "100.128.0.0", "128.0.0.0", "172.15.255.255",
          "172.32.0.0", "192.0.1.0", "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888",
          "2a00::1")  # fmt: skip
#: The same IPv4 address inside an IPv6 one.
CARRYING: dict[str, Callable[[int], int]] = {
    "mapped": lambda inner: 0xFFFF << 32 | inner,
    "compatible": lambda inner: inner,
    "nat64": lambda inner: 0x64_FF9B << 96 | inner,
    "6to4": lambda inner: 0x2002 << 112 | inner << 80 | 1,
    "teredo client": lambda inner: 0x2001_0000 << 96 | 0x0808_0808 << 64 | inner ^ 0xFFFF_FFFF,
    "teredo server": lambda inner: 0x2001_0000 << 96 | inner << 64 | 0x0808_0808 ^ 0xFFFF_FFFF,
}


@pytest.mark.parametrize(("address", "kind"), NOT_PUBLIC.items())
def test_what_is_not_public_is_refused_and_named(address: str, kind: str) -> None:
    assert GUARD.reason_against(ip_address(address)) == kind


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_called(address: str) -> None:
    assert GUARD.permitted("hooks.example", [address]) == [address]


@given(st.ip_addresses())
def test_whatever_the_standard_library_calls_not_global_is_refused(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global:
        carried = getattr(address, "ipv4_mapped", None)
        assert (GUARD.reason_against(address) is not None) or (carried is not None and carried.is_global)


@pytest.mark.parametrize("form", CARRYING)
@given(inner=st.ip_addresses(v=4))
def test_an_address_is_judged_by_the_ipv4_address_it_carries(form: str, inner: IPv4Address) -> None:
    if form == "compatible" and int(inner) < 2:
        return  # those are :: and ::1
    outer = IPv6Address(CARRYING[form](int(inner)))
    assert (GUARD.reason_against(outer) is None) == (GUARD.reason_against(inner) is None)
    if GUARD.reason_against(inner) is not None:
        assert str(inner) in (GUARD.reason_against(outer) or "")
        assert AddressGuard([ip_network(f"{inner}/32")]).reason_against(outer) is None


@given(st.ip_addresses())
def test_an_allowed_network_may_be_called_whatever_it_is(address: IPv4Address | IPv6Address) -> None:
    everything = AddressGuard((ip_network("0.0.0.0/0"), ip_network("::/0")))
    assert everything.permitted("hooks.example", [str(address)]) == [str(address)]


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_an_allowed_network_allows_nothing_outside_it(address: IPv4Address, length: int) -> None:
    network = ip_network(f"10.20.30.40/{length}", strict=False)
    if address not in network:
        assert AddressGuard([network]).reason_against(address) == GUARD.reason_against(address)


def test_of_a_names_addresses_only_those_that_may_be_called_are_left_in_their_order() -> None:
    found = ["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111"]
    assert GUARD.permitted("hooks.example", found) == ["1.1.1.1", "2606:4700::1111"]


def test_a_refusal_names_host_address_kind_and_setting() -> None:
    with pytest.raises(
        AddressRefused, match=r"^db\.example is 10\.0\.0\.5, a private address; HOOKFLEET_ALLOWED_NETWORKS names"
    ):
        GUARD.permitted("db.example", ["10.0.0.5", "127.0.0.1"])
    with pytest.raises(AddressRefused, match=r"^127\.0\.0\.1 is a loopback address; HOOKFLEET_ALLOWED_NETWORKS names"):
        GUARD.permitted("127.0.0.1", ["127.0.0.1"])
    with pytest.raises(AddressRefused, match=r"a private address \(10\.0\.0\.1\) in another form"):
        GUARD.permitted("hooks.example", ["64:ff9b::a00:1"])


def test_no_address_at_all_is_no_refusal() -> None:
    assert GUARD.permitted("hooks.example", []) == []


@pytest.mark.parametrize("found", ["localhost", "", "fe80::1%eth0", "2606:4700::1111%1", "0x7f.1", "127.1"])
def test_an_answer_that_is_no_plain_address_is_refused(found: str) -> None:
    everything = AddressGuard((ip_network("0.0.0.0/0"), ip_network("::/0")))
    with pytest.raises(AddressRefused):
        everything.permitted("hooks.example", [found])


@pytest.mark.parametrize(
    "host",
    [
        "0x7f.1", "0X7F.0.0.1", "0x7f000001", "0x", "2130706433", "017700000001", "0177.0.0.1", "127.1", "127.0.1",
        "127.0.0.01", "127.0.0.1.", "1.2.3.4.5", "256.1.1.1", "hooks.example.0x7f", "fe80::1%eth0", "fe80::1%25eth0",
        "hooks%2eexample", "::ffff:0x7f.1",
    ],
)  # fmt: skip
def test_a_host_that_is_neither_a_usual_address_nor_a_name_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused, match=re.escape(host)):
        literal_address(host)


@pytest.mark.parametrize("host", ["hooks.example", "hooks.example.", "localhost", "7f.example", "1password.example",
                                  "10.0.0.1.example", "xn--bcher-kva.example", "0x7f.x"])  # fmt: skip
def test_a_name_is_to_be_looked_up(host: str) -> None:
    assert literal_address(host) is None


PARTS = st.one_of(
    st.integers(0, 2**32).map(str), st.integers(0, 2**32).map("0{:o}".format), st.integers(0, 2**32).map(hex)
)


@given(st.one_of(st.lists(PARTS, min_size=1, max_size=4).map(".".join), st.text("0123456789abcdfxX.:%", max_size=20)))
def test_nothing_that_a_resolver_reads_as_an_ipv4_address_is_taken_for_a_name(host: str) -> None:
    try:
        read = socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return
    with contextlib.suppress(AddressRefused):
        assert literal_address(host) == read
