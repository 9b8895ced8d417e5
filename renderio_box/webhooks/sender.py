"""One POST to a receiver, with a bound on everything that it controls."""

from collections.abc import Mapping
from typing import Final

import anyio
import httpx

from renderio_box.inputs.connector import RefusedAddressError
from renderio_box.inputs.outbound import OutboundTransport, outbound_client
from renderio_box.jobs.delivery import Receipt

ATTEMPT_SECONDS: Final = 15.0
USER_AGENT: Final = "RenderIO-Webhook/1.0"


class Sender:
    """Posts webhooks; safe to use for many at once.

    Connections are not kept, cookies are not taken, and the bodies of answers are not
    read, so that one receiver leaves nothing behind that another could notice.
    """

    def __init__(self, transport: OutboundTransport, *, within_s: float) -> None:
        self._within_s = within_s
        self._client = outbound_client(
            transport,
            timeout=None,  # every post has a limit of its own, for all of it
            headers={
                "User-Agent": USER_AGENT,
                "Content-Type": "application/json",
                "Connection": "close",
            },
        )

    async def close(self) -> None:
        """Give all connections back."""
        await self._client.aclose()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Receipt:
        """Send ``body``, wait for the head of the answer, and tell what came of it.

        Connecting, sending and waiting share one time limit. Never fails.
        """
        try:
            with anyio.fail_after(self._within_s):
                async with self._client.stream(
                    "POST", url, content=body, headers=dict(headers)
                ) as answer:
                    return Receipt(answer.status_code, complaint(answer))
        except TimeoutError:
            seconds = f"{self._within_s:g} seconds"
            return Receipt(None, f"The receiver did not answer within {seconds}.")
        except RefusedAddressError as error:
            return Receipt(None, f"The receiver has {error}.")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Receipt(None, explained(error))


def complaint(answer: httpx.Response) -> str | None:
    """Return what is wrong with an answer, None when it means that the webhook has arrived."""
    if answer.is_success:
        return None
    if answer.is_redirect:
        return f"The receiver answered {answer.status_code}; redirects are not followed."
    return f"The receiver answered {answer.status_code}."


def explained(error: httpx.HTTPError | httpx.InvalidURL) -> str:
    """Return why no answer came, in words that hold nothing secret."""
    match error:
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return "The URL is not valid."
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return "No connection to the receiver could be made."
        case httpx.RemoteProtocolError():
            return "The receiver hung up before it had answered, or did not speak HTTP."
        case _:
            return "The connection to the receiver failed."
