"""What runs beside a block of code."""

import anyio

from renderio_box.companions import accompanied_by


async def test_a_companion_has_begun_when_the_block_begins() -> None:
    begun = anyio.Event()

    async def companion() -> None:
        begun.set()
        await anyio.sleep_forever()

    async with accompanied_by(companion):
        assert begun.is_set()


async def test_a_companion_ends_with_the_block() -> None:
    ended = anyio.Event()

    async def companion() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    async with accompanied_by(companion):
        assert not ended.is_set()

    assert ended.is_set()
