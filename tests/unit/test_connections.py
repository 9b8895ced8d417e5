from renderio_box.connections import BYTES_PER_SECOND, Patience, Taking


def patience() -> Patience:
    return Patience(10.0, 120.0, now=0.0)


def test_a_body_has_a_while_to_begin() -> None:
    body = patience()

    assert not body.is_over(now=9.9)
    assert body.is_over(now=10.1)


def test_a_drip_does_not_keep_a_body_alive() -> None:
    body = patience()
    for second in range(10):
        body.received(1, now=float(second))

    assert body.is_over(now=10.5)


def test_a_body_at_the_least_rate_is_never_over() -> None:
    body = patience()
    for second in range(1000):
        body.received(BYTES_PER_SECOND, now=float(second))

    assert not body.is_over(now=1000.0)


def test_a_body_that_was_fast_may_pause_but_not_for_ever() -> None:
    body = patience()
    body.received(10**9, now=1.0)

    assert not body.is_over(now=120.0)
    assert body.is_over(now=122.0)


def test_time_in_which_we_do_not_read_does_not_count() -> None:
    body = patience()
    body.renew(now=500.0)

    assert not body.is_over(now=509.0)
    assert body.is_over(now=511.0)


def test_beginning_again_takes_nothing_away() -> None:
    body = patience()
    body.received(10**9, now=0.0)
    body.renew(now=1.0)

    assert not body.is_over(now=119.0)


def test_who_takes_nothing_is_stalled() -> None:
    taking = Taking(120.0, now=0.0)

    looks = [taking.is_stalled(5000, now=float(second)) for second in range(130)]

    assert looks.index(True) == 121


def test_who_takes_a_little_is_not_stalled() -> None:
    taking = Taking(120.0, now=0.0)

    assert not any(taking.is_stalled(5000 - n, now=100.0 * n) for n in range(100))


def test_who_takes_and_is_sent_as_much_again_is_not_stalled() -> None:
    taking = Taking(120.0, now=0.0)
    for n in range(1, 100):
        taking.progressed(now=100.0 * n)

        assert not taking.is_stalled(5000, now=100.0 * n + 1)


def test_who_has_nothing_to_take_is_not_stalled() -> None:
    taking = Taking(120.0, now=0.0)

    assert not any(taking.is_stalled(0, now=100.0 * n) for n in range(100))
    assert not taking.is_stalled(1, now=10_000.0)
