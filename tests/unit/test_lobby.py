import pytest

from renderio_box.lobby import Lobby, caller_of, open_files
from renderio_box.logs import Sparingly
from renderio_box.settings import ServerConfig
from tests.fakes import ManualClock


def lobby(*, most: int = 100, share: int = 2, proxies: tuple[str, ...] = ()) -> Lobby:
    config = ServerConfig(
        max_connections=most, connections_per_address=share, trusted_proxies=proxies
    )
    return Lobby(config, Sparingly(ManualClock().monotonic, per_minute=0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::2%eth1"),
    ],
)
def test_addresses_of_one_caller_are_counted_together(one: str, other: str) -> None:
    assert caller_of(one) == caller_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8:0:1::1"), ("", "10.0.0.1")],
)
def test_addresses_of_two_callers_are_counted_apart(one: str, other: str) -> None:
    assert caller_of(one) != caller_of(other)


def test_an_address_has_its_share_and_no_more() -> None:
    entered = lobby(share=2)

    assert [entered.enter("10.0.0.1") for _ in range(3)] == [True, True, False]
    assert entered.enter("10.0.0.2")


def test_all_together_have_no_more_than_there_is() -> None:
    entered = lobby(most=2)

    assert [entered.enter(f"10.0.0.{n}") for n in range(3)] == [True, True, False]


def test_a_place_that_was_given_back_is_free_for_anybody() -> None:
    entered = lobby(most=1)
    entered.enter("10.0.0.1")
    entered.leave("10.0.0.1")

    assert entered.enter("10.0.0.2")


def test_callers_who_have_left_are_forgotten() -> None:
    entered = lobby()
    for number in range(256):
        entered.enter(f"10.0.0.{number}")
        entered.leave(f"10.0.0.{number}")

    assert not entered._by_caller


@pytest.mark.parametrize("proxies", [("10.0.0.1",), ("10.0.0.0/8", "proxy.lan"), ("*",)])
def test_a_trusted_proxy_has_no_share_of_its_own(proxies: tuple[str, ...]) -> None:
    entered = lobby(share=1, proxies=proxies)

    assert [entered.enter("10.0.0.1") for _ in range(5)] == [True] * 5


def test_a_trusted_proxy_cannot_have_more_than_there_is_either() -> None:
    entered = lobby(most=1, proxies=("*",))

    assert [entered.enter("10.0.0.1") for _ in range(2)] == [True, False]


def test_the_default_leaves_files_to_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderio_box.lobby.open_files", lambda: 20)
    entered = lobby(most=100, share=100)

    assert [entered.enter("10.0.0.1") for _ in range(11)].count(True) == 10


def test_the_machine_says_how_many_files_may_be_open() -> None:
    assert open_files() > 10
