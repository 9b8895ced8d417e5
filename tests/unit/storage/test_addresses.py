import pytest
from msgspec.structs import replace

from renderio_box.identifiers import Owner, new_file_token
from renderio_box.storage.addresses import Addresses
from tests.fakes import ManualClock
from tests.unit.samples import STORED

HOUR = 3600
TOKEN = STORED.token
KEYS = {1: b"a" * 32}


def expiring(clock: ManualClock, keys: dict[int, bytes] | None = None) -> Addresses:
    return Addresses(keys or KEYS, clock, hours=2)


def seal_of(addresses: Addresses, token: str = TOKEN) -> str:
    sealed = addresses.sealed(token)
    assert sealed.endswith("/")
    return sealed.removesuffix("/")


@pytest.fixture
def for_ever(clock: ManualClock) -> Addresses:
    return Addresses(KEYS, clock, hours=0)


def test_an_address_that_never_expires_has_no_seal(for_ever: Addresses) -> None:
    assert (for_ever.sealed(TOKEN), for_ever.admits(TOKEN, "")) == ("", True)


def test_an_address_that_expires_needs_its_seal(clock: ManualClock) -> None:
    addresses = expiring(clock)

    assert (addresses.admits(TOKEN, seal_of(addresses)), addresses.admits(TOKEN, "")) == (
        True,
        False,
    )


@pytest.mark.parametrize(("seconds", "is_good"), [(2 * HOUR - 1, True), (2 * HOUR, False)])
def test_a_seal_is_good_until_its_time(clock: ManualClock, seconds: int, is_good: bool) -> None:  # noqa: FBT001
    seal = seal_of(expiring(clock))

    clock.advance(seconds)

    assert expiring(clock).admits(TOKEN, seal) is is_good


def test_a_later_address_is_good_for_longer(clock: ManualClock) -> None:
    addresses = expiring(clock)
    clock.advance(HOUR)
    seal = seal_of(addresses)

    clock.advance(1.5 * HOUR)

    assert addresses.admits(TOKEN, seal)


def test_a_seal_of_one_file_is_none_of_another(clock: ManualClock) -> None:
    addresses = expiring(clock)

    assert not addresses.admits(new_file_token(), seal_of(addresses))


def test_a_seal_of_another_key_is_none(clock: ManualClock) -> None:
    assert not expiring(clock).admits(TOKEN, seal_of(expiring(clock, {1: b"b" * 32})))


def test_a_seal_cannot_be_made_to_last_longer(clock: ManualClock) -> None:
    version, expires_at, mac = seal_of(expiring(clock)).split(".")

    assert not expiring(clock).admits(TOKEN, f"{version}.{int(expires_at) + 1}.{mac}")


@pytest.mark.parametrize("position", range(32))
def test_every_character_of_a_seal_counts(clock: ManualClock, position: int) -> None:
    start, mac = seal_of(expiring(clock))[:-32], seal_of(expiring(clock))[-32:]
    changed = "B" if mac[position] == "A" else "A"

    assert not expiring(clock).admits(
        TOKEN, f"{start}{mac[:position]}{changed}{mac[position + 1 :]}"
    )


@pytest.mark.parametrize("seal", ["x", "1.2.3", "1.99999999999.", "é", "1.1.1.1", "0" * 500])
def test_what_is_no_seal_opens_nothing(clock: ManualClock, for_ever: Addresses, seal: str) -> None:
    assert (expiring(clock).admits(TOKEN, seal), for_ever.admits(TOKEN, seal)) == (False, False)


def test_a_seal_may_be_written_in_one_way_only(clock: ManualClock) -> None:
    assert not expiring(clock).admits(TOKEN, f"0{seal_of(expiring(clock))}")


def test_the_newest_key_seals_and_older_ones_still_open(clock: ManualClock) -> None:
    old = seal_of(expiring(clock))
    rotated = expiring(clock, KEYS | {2: b"c" * 32})

    assert seal_of(rotated).startswith("2.")
    assert (rotated.admits(TOKEN, old), rotated.admits(TOKEN, seal_of(rotated))) == (True, True)


def test_a_key_that_was_taken_away_opens_nothing(clock: ManualClock) -> None:
    assert not expiring(clock, {2: b"c" * 32}).admits(TOKEN, seal_of(expiring(clock)))


def test_what_was_sealed_expires_also_where_addresses_do_not_any_more(
    clock: ManualClock, for_ever: Addresses
) -> None:
    seal = seal_of(expiring(clock))
    assert for_ever.admits(TOKEN, seal)

    clock.advance(2 * HOUR)

    assert not for_ever.admits(TOKEN, seal)


@pytest.mark.parametrize(
    ("sees", "path", "may"),
    [
        ("owner-1", "", True),
        (None, "", True),
        ("stranger", "", False),
        ("stranger", "good", True),
        ("stranger", "1.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/", False),
    ],
)
def test_a_bare_or_expired_address_names_a_file_to_those_who_see_it(
    clock: ManualClock,
    sees: str | None,
    path: str,
    may: bool,  # noqa: FBT001
) -> None:
    addresses = expiring(clock)
    seal = addresses.sealed(TOKEN) if path == "good" else path
    url = f"http://box.test/files/{TOKEN}/{seal}clip.mp4"

    named = addresses.may_be_named(STORED, url, sees=None if sees is None else Owner(sees))

    assert named is may


def test_an_address_that_never_expires_names_its_file_to_everybody(for_ever: Addresses) -> None:
    url = f"http://box.test/files/{TOKEN}/clip.mp4"

    assert for_ever.may_be_named(replace(STORED, owner=Owner("ann")), url, sees=Owner("bob"))
