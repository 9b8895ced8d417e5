"""A client of the box's own API, as an outsider would write it."""

import json
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, cast

import anyio
import httpx
import msgspec

from renderio_box.cli.answers import Alive, KeyLine, Polled, Readiness, Standing, TakenSnapshot
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.tls import pinned

POLLED_EVERY_S: Final = 0.4
LOST_FOR_S: Final = 60.0
REQUEST_SECONDS: Final = 30.0
STORED_SECONDS: Final = 3600.0
"""How long the box may take to answer an upload: it hashes, syncs and probes the file."""
KEYS: Final = "/api/v1/keys"
QUEUE: Final = "/api/v1/queue"
PIECE_BYTES: Final = 256 * 1024


class BoxClient:
    """Speaks to one box with one key."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    async def upload(self, path: Path, sent: Callable[[int, int], None]) -> str:
        """Store a local file and return its id; ``sent`` hears how many bytes of how many."""
        boundary = secrets.token_hex(16)
        name = path.name.replace('"', "%22")
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()

        async def body() -> AsyncGenerator[bytes]:
            yield head
            async with await anyio.open_file(path, "rb") as file:
                while piece := await file.read(PIECE_BYTES):
                    yield piece
                    sent(await file.tell(), size)
            yield tail

        size = (await anyio.Path(path).stat()).st_size
        headers = {
            "content-type": f"multipart/form-data; boundary={boundary}",
            "content-length": str(len(head) + size + len(tail)),
        }
        answer = await self._call(
            "POST", "/api/v1/files/upload", content=body(), headers=headers, timeout=STORED_SECONDS
        )
        return str(answer["file_id"])

    async def submit(self, body: Mapping[str, object]) -> str:
        """Queue a command and return its id."""
        answer = await self._call("POST", "/api/v1/run-ffmpeg-command", json=body)
        return str(answer["command_id"])

    async def poll(self, command_id: str) -> tuple[Polled, dict[str, object]]:
        """Return how the command stands, in part and as it came."""
        answer = await self._call("GET", f"/api/v1/commands/{command_id}")
        return msgspec.convert(answer, Polled), answer

    async def wait(
        self, command_id: str, seen: Callable[[Polled], None]
    ) -> tuple[Polled, dict[str, object]]:
        """Poll until the command is over; a box that restarts meanwhile is waited for."""
        last_answer = anyio.current_time()
        while True:
            try:
                polled, answer = await self.poll(command_id)
            except CliError as error:
                lost_s = anyio.current_time() - last_answer
                if error.status is not ExitStatus.BOX_UNREACHABLE or lost_s > LOST_FOR_S:
                    raise
            else:
                last_answer = anyio.current_time()
                seen(polled)
                if polled.is_over:
                    return polled, answer
            await anyio.sleep(POLLED_EVERY_S)

    async def cancel(self, command_id: str) -> None:
        """Ask the box to stop the command."""
        await self._call("POST", f"/api/v1/commands/{command_id}/cancel")

    async def download(self, url: str, target: Path) -> None:
        """Fetch a stored file to ``target``, whole or not at all."""
        part = target.with_name(f"{target.name}.part")
        try:
            async with (
                self._http.stream("GET", url) as response,
                await anyio.open_file(part, "wb") as file,
            ):
                response.raise_for_status()
                async for piece in response.aiter_bytes(PIECE_BYTES):
                    await file.write(piece)
            part.replace(target)
        except httpx.HTTPError as error:
            raise CliError(
                f"cannot fetch {url}: {error}", status=ExitStatus.BOX_UNREACHABLE
            ) from error
        except OSError as error:
            raise CliError(f"cannot write {target}: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)

    async def add_key(
        self, name: str, *, owner: str, scopes: Sequence[str], expires_at: datetime | None
    ) -> str:
        """Make a key and return it."""
        ends = None if expires_at is None else expires_at.isoformat()
        body = {"name": name, "owner": owner, "scopes": list(scopes), "expires_at": ends}
        return str((await self._call("POST", KEYS, json=body))["key"])

    async def list_keys(self) -> list[KeyLine]:
        """Return every key."""
        return msgspec.convert((await self._call("GET", KEYS))["keys"], list[KeyLine])

    async def revoke_key(self, name: str) -> str:
        """End a key and return its name."""
        return str((await self._call("DELETE", f"{KEYS}/{name}"))["name"])

    async def alive(self) -> Alive:
        """Return which box this is."""
        return msgspec.convert(await self._call("GET", "/healthz"), Alive)

    async def readiness(self) -> Readiness:
        """Return how the box finds itself, also where that is not well."""
        try:
            response = await self._http.get("/readyz")
            return msgspec.json.decode(response.content, type=Readiness)
        except (httpx.HTTPError, msgspec.DecodeError) as error:
            raise CliError(
                f"{self._url} does not say how it is: {error or type(error).__name__}",
                status=ExitStatus.BOX_UNREACHABLE,
            ) from error

    async def standing(self) -> Standing:
        """Return what the box has to do."""
        return msgspec.convert(await self._call("GET", QUEUE), Standing)

    async def drain(self) -> Standing:
        """Have no command taken up from now on."""
        return msgspec.convert(await self._call("POST", f"{QUEUE}/drain"), Standing)

    async def resume(self) -> Standing:
        """Have commands taken up again."""
        return msgspec.convert(await self._call("POST", f"{QUEUE}/resume"), Standing)

    async def take_snapshot(self, *, with_files: bool) -> TakenSnapshot:
        """Have the box leave a snapshot in its data directory."""
        body = {"with_files": with_files}
        answer = await self._call("POST", "/api/v1/backup", json=body, timeout=STORED_SECONDS)
        return msgspec.convert(answer, TakenSnapshot)

    async def _call(self, method: str, path: str, **parts: object) -> dict[str, object]:
        """Make one request and return the decoded answer; CliError says what went wrong."""
        try:
            response = await self._http.request(method, path, **parts)  # type: ignore[arg-type]
        except httpx.HTTPError as error:
            raise CliError(
                f"no box answers at {self._url} ({error or type(error).__name__});"
                " start one with 'renderio-box serve', or name it with --url.",
                status=ExitStatus.BOX_UNREACHABLE,
            ) from error
        try:
            answer = cast("dict[str, object]", json.loads(response.content))
        except ValueError as error:
            raise CliError(
                f"{self._url} does not answer like a box (HTTP {response.status_code});"
                " check --url.",
                status=ExitStatus.BOX_UNREACHABLE,
            ) from error
        if response.is_success:
            return answer
        status = (
            ExitStatus.BOX_UNREACHABLE if response.status_code in {401, 403, 429, 502, 503, 504}
            else ExitStatus.COMMAND_FAILED
        )  # fmt: skip
        raise CliError(f"the box refused: {answer.get('message', response.text)}", status=status)


@asynccontextmanager
async def connected(url: str, key: str, certificate: str = "") -> AsyncGenerator[BoxClient]:
    """Open a client for the box at ``url``, which shows that very ``certificate`` if one is given.

    What the box says is elsewhere, such as files under its ``public_url``, is verified as usual.
    """
    mounts = (
        {url: httpx.AsyncHTTPTransport(verify=pinned(certificate), trust_env=False)}
        if certificate
        else None
    )
    timeout = httpx.Timeout(REQUEST_SECONDS)
    async with httpx.AsyncClient(
        base_url=url, headers={"x-api-key": key}, timeout=timeout, trust_env=False, mounts=mounts
    ) as http:
        yield BoxClient(http, url)
