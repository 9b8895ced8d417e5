from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from renderio_box.inputs.addresses import NetworkPolicy
from renderio_box.networks import CLOSED, NEVER, opened_by

HOST = "x.test"
TRANSLATIONS = ["64:ff9b::/96", "2002::/16", "2001::/32", "::/96", "::ffff:0:0:0/96"]
PUBLIC = int(IPv4Address("93.184.216.34"))
ENDS = [
    int(end)
    for each in (*NEVER, *CLOSED)
    if each.network.version == 4
    for end in (each.network[0], each.network[-1])
]
near_an_end = st.builds(
    lambda end, off: min(max(end + off, 0), 2**32 - 1), st.sampled_from(ENDS), st.integers(-1, 1)
)
v4 = (st.integers(0, 2**32 - 1) | near_an_end).map(IPv4Address)
v6 = st.integers(0, 2**128 - 1).map(IPv6Address)


def forms(inner: IPv4Address) -> dict[str, IPv6Address]:
    """Return the addresses of IPv6 that lead to one of IPv4."""
    low = int(inner)
    return {
        "NAT64": IPv6Address(0x64_FF9B << 96 | low),
        "6to4": IPv6Address(0x2002 << 112 | low << 80 | 1),
        "Teredo client": IPv6Address(0x2001 << 112 | PUBLIC << 64 | low ^ 0xFFFF_FFFF),
        "Teredo server": IPv6Address(0x2001 << 112 | low << 64 | PUBLIC ^ 0xFFFF_FFFF),
        "translated": IPv6Address(0xFFFF << 48 | low),
        "ISATAP": IPv6Address(0x2606_2800 << 96 | 0x5EFE << 32 | low),
        "ISATAP, unique": IPv6Address(0x2606_2800 << 96 | 0x0200_5EFE << 32 | low),
    }


def judged(address: IPv4Address | IPv6Address, *allow: str) -> bool:
    return NetworkPolicy(opened_by(allow)).judge(str(address), host=HOST).is_allowed


@given(v4)
def test_a_form_that_leads_to_ipv4_is_judged_like_the_address_it_leads_to(
    inner: IPv4Address,
) -> None:
    verdicts = {name: judged(form, *TRANSLATIONS) for name, form in forms(inner).items()}

    assert set(verdicts.values()) == {judged(inner)}, verdicts


@given(v4)
def test_a_mapped_address_is_the_address(inner: IPv4Address) -> None:
    policy = NetworkPolicy()

    assert policy.judge(f"::ffff:{inner}", host=HOST) == policy.judge(str(inner), host=HOST)


@given(v4)
def test_without_a_setting_no_form_is_allowed_whose_address_is_not(inner: IPv4Address) -> None:
    leading = {name: judged(form) for name, form in forms(inner).items()}

    assert not any(leading.values()) or judged(inner)


@given(v4 | v6)
def test_what_is_never_contacted_stays_so_whatever_is_opened(
    address: IPv4Address | IPv6Address,
) -> None:
    bare = NetworkPolicy().judge(str(address), host=HOST)

    opened = NetworkPolicy(opened_by(["0.0.0.0/0", "::/0", HOST])).judge(str(address), host=HOST)

    assert opened.is_allowed == (bare.is_allowed or bare.setting != "")


@given(v4 | v6)
def test_the_entries_that_a_refusal_names_are_enough(address: IPv4Address | IPv6Address) -> None:
    refused = NetworkPolicy().judge(str(address), host=HOST)

    assert judged(address, *refused.entries) == (refused.setting != "" or refused.is_allowed)


@given(v6)
def test_only_what_is_handed_out_of_ipv6_is_public(address: IPv6Address) -> None:
    assert not judged(address) or int(address) >> 125 == 1
