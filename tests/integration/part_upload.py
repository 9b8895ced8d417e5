"""An upload in parts as a client makes it."""

from typing import Any, Final

import httpx
import msgspec
from httpx import AsyncClient

from tests.integration.box import FILES, UPLOAD_TERMS

PART: Final = UPLOAD_TERMS.part_bytes
CONTENT: Final = bytes(range(256)) * 10
"""Two whole parts and a shorter one."""
INIT: Final = f"{FILES}/init-upload"


class Begun(msgspec.Struct, frozen=True):
    """An upload that a client has begun, of ``content``."""

    client: AsyncClient
    file_id: str
    urls: list[str]
    content: bytes

    async def send(self, number: int, content: bytes | None = None) -> httpx.Response:
        """Send a part, with its true content unless another is given."""
        cut = self.content[(number - 1) * PART : number * PART] if content is None else content
        return await self.client.put(self.urls[number - 1], content=cut)

    async def send_all(self) -> list[dict[str, Any]]:
        """Send every part; return what completes the upload."""
        return [claim(number, await self.send(number)) for number in range(1, len(self.urls) + 1)]

    async def complete(self, parts: object, *, client: AsyncClient | None = None) -> httpx.Response:
        """Complete the upload, as another client if one is given."""
        path = f"{FILES}/{self.file_id}/complete-upload"
        return await (client or self.client).post(path, json={"parts": parts})

    async def record(self) -> dict[str, Any]:
        """Return the record of the file."""
        return dict((await self.client.get(f"{FILES}/{self.file_id}")).json())


async def begin(client: AsyncClient, content: bytes = CONTENT, filename: str = "clip.mp4") -> Begun:
    """Begin an upload that must be accepted."""
    body = {"filename": filename, "size_bytes": len(content)}
    answered = await client.post(INIT, json=body)
    assert answered.status_code == 200, answered.text
    begun = answered.json()
    return Begun(client, begun["file_id"], begun["upload_urls"], content)


def claim(number: int, sent: httpx.Response) -> dict[str, Any]:
    """Return how a part that was sent is listed when the upload is completed."""
    assert sent.status_code == 200, sent.text
    return {"part_number": number, "etag": sent.headers["ETag"]}
