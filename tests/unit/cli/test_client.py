import httpx
import pytest

from renderio_box.cli.client import BoxClient
from renderio_box.cli.outcome import CliError, ExitStatus

LIMITED = httpx.Response(429, json={"error": "RATE_LIMITED", "message": "Too many."})
REFUSED = httpx.Response(404, json={"error": "NOT_FOUND", "message": "There is none."})
ENDED = httpx.Response(200, json={"command_id": "1", "status": "SUCCESS"})


def client_that_hears(*answers: httpx.Response) -> BoxClient:
    """Return a client of a server that gives these answers, one after another."""
    waiting = iter(answers)
    transport = httpx.MockTransport(lambda _: next(waiting))
    return BoxClient(httpx.AsyncClient(transport=transport, base_url="http://box.test"), "box")


async def test_who_waits_for_a_command_takes_being_limited_for_a_pause() -> None:
    client = client_that_hears(LIMITED, ENDED)

    polled, _ = await client.wait("1", lambda _: None)

    assert polled.status == "SUCCESS"


async def test_who_waits_for_a_command_that_is_not_there_is_told_so() -> None:
    client = client_that_hears(REFUSED, ENDED)

    with pytest.raises(CliError, match="There is none") as raised:
        await client.wait("1", lambda _: None)

    assert raised.value.status is ExitStatus.COMMAND_FAILED
