"""Clients that keep a box busy, survive it, and note what they were promised."""

import hashlib
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx

MOST_OUTSTANDING: Final = 8
"""How many commands may wait at a time, so that what is begun also ends between two kills."""
PAUSE_S: Final = 0.15
LOOK_AGAIN_S: Final = 0.2
PATIENCE_S: Final = 90.0
"""How long a request is repeated while no box answers."""
FINAL: Final = frozenset({"SUCCESS", "FAILED"})
GONE: Final = frozenset({200, 404, 409})
TINY: Final = "-f lavfi -i testsrc2=size=64x36:rate=5:duration=0.4 -c:v mjpeg"
LASTING: Final = "-re -f lavfi -i testsrc2=size=64x36:rate=10:duration=0.7 -c:v mjpeg"
SEGMENTED: Final = "-c:v libx264 -preset ultrafast -g 1 -hls_time 0.2 -hls_list_size 0"


class LostError(Exception):
    """The box died over a request; nobody knows whether it was carried out."""


class RefusedError(LostError):
    """The box had no room for a request, and may have for the next one."""


@dataclass
class Submit:
    """A request for ``count`` commands, and their ids once it has been answered."""

    token: str
    count: int
    path: str
    body: dict[str, Any]
    key: str
    answers: list[list[str]] = field(default_factory=list[list[str]])


@dataclass
class Journal:
    """What all clients were told, and how often; only ever added to."""

    submits: dict[str, Submit] = field(default_factory=dict[str, Submit])
    stored: dict[str, str] = field(default_factory=dict[str, str])
    """The SHA-256 of files that the box said it has, by id."""
    deleted: set[str] = field(default_factory=set[str])
    """Files, and commands whose outputs, somebody asked to delete."""
    cancelled: set[str] = field(default_factory=set[str])
    seen: dict[str, list[tuple[str, int]]] = field(default_factory=dict[str, list[tuple[str, int]]])
    """Status and attempt of each command, whenever it was polled."""
    complaints: list[str] = field(default_factory=list[str])
    requests: int = 0
    lost: int = 0
    refused: int = 0

    def accepted(self) -> set[str]:
        """Return every command that was answered with 202."""
        return {
            each for made in list(self.submits.values()) for ids in made.answers for each in ids
        }

    def outstanding(self) -> list[str]:
        """Return accepted commands whose end nobody has seen yet."""
        seen = {each for each, polls in list(self.seen.items()) if polls[-1][0] in FINAL}
        return sorted(self.accepted() - seen)


class Client:
    """One caller of the box, with a key, a journal and a mind of its own.

    It ``may_be_refused`` where the disk becomes full.
    """

    def __init__(
        self,
        http: httpx.Client,
        journal: Journal,
        shared: Mapping[str, str],
        *,
        seed: int,
        may_be_refused: bool,
    ) -> None:
        self._http = http
        self._journal = journal
        self._may_be_refused = may_be_refused
        self._shared = shared
        self._random = random.Random(seed)  # noqa: S311 - the same each time
        self.is_over = threading.Event()

    def close(self) -> None:
        """Give its connections back."""
        self._http.close()

    def act(self, name: str) -> None:
        """Do one thing that clients do; a box that dies meanwhile is no matter."""
        try:
            ACTS[name](self)
        except RefusedError:
            pass  # It is counted.
        except LostError:
            self._journal.lost += 1
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            self._journal.complaints.append(f"{name}: {error!r}")

    def run(self) -> None:
        """Do one thing after the other until it is over."""
        deck: list[str] = []
        while not self.is_over.is_set():
            if not deck:
                deck = self._random.sample(list(ACTS), len(ACTS))
            self.act(deck.pop())
            self.is_over.wait(PAUSE_S)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
        """Send a request to whatever box answers; LostError when that may have taken it."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self._journal.requests += 1
            try:
                answer = self._http.request(method, path, **more)
            except httpx.ConnectError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_AGAIN_S)
            except httpx.TransportError as error:
                raise LostError from error
            else:
                if self._may_be_refused and is_for_want_of_room(answer):
                    self._journal.refused += 1
                    raise RefusedError
                return answer

    def insist(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
        """Send a request that may be repeated until it is answered."""
        while True:
            try:
                return self.ask(method, path, **more)
            except RefusedError:
                time.sleep(LOOK_AGAIN_S)
            except LostError:
                self._journal.lost += 1

    def submit(self, kind: str, body: dict[str, Any], *, count: int = 1) -> list[str]:
        """Have commands queued, once, however often that takes; none when many wait."""
        if len(self._journal.outstanding()) >= MOST_OUTSTANDING:
            return []
        token = uuid4().hex
        marked = body | {"metadata": {"token": token}}
        if "commands" in body:
            marked = {
                "commands": [each | {"metadata": {"token": token}} for each in body["commands"]]
            }
        made = Submit(token, count, f"/api/v1/run-{kind}", marked, f"key-{token}")
        self._journal.submits[token] = made
        return self.send(made)

    def send(self, made: Submit) -> list[str]:
        """Send a submit until it is answered, and note the answer."""
        headers = {"Idempotency-Key": made.key}
        answer = self.insist("POST", made.path, json=made.body, headers=headers)
        expect(answer, 202)
        told = answer.json()
        made.answers.append(told["command_ids"] if "command_ids" in told else [told["command_id"]])
        return made.answers[-1]

    def send_once(self, made: Submit) -> None:
        """Send a submit without a key: when its answer is lost nobody knows whether it runs."""
        answer = self.ask("POST", made.path, json=made.body)
        expect(answer, 202)
        made.answers.append([answer.json()["command_id"]])

    def single(self) -> None:
        """Two outputs, of which the account's hook is told."""
        outputs = {"out_video": "video.mkv", "out_image": "image.png"}
        command = f"{TINY} {{{{out_video}}}} -frames:v 1 {{{{out_image}}}}"
        self.submit("ffmpeg-command", command_of(command, outputs))

    def careless(self) -> None:
        """Submit as callers do who know nothing of idempotency."""
        token = uuid4().hex
        body = command_of(f"{TINY} {{{{out_video}}}}", {"out_video": "video.mkv"})
        made = Submit(
            token, 1, "/api/v1/run-ffmpeg-command", body | {"metadata": {"token": token}}, ""
        )
        if len(self._journal.outstanding()) < MOST_OUTSTANDING:
            self._journal.submits[token] = made
            self.send_once(made)

    def long(self) -> None:
        """Submit something that runs for about a second, with a webhook of its own."""
        body = command_of(f"{LASTING} {{{{out_video}}}}", {"out_video": "long.mkv"})
        self.submit("ffmpeg-command", body | {"webhook_url": self._shared["hook"]})

    def chain(self) -> None:
        """Two steps, the second of which reads what the first has made."""
        steps = [f"{TINY} {{{{out_video}}}}", "-i {{out_video}} -frames:v 1 {{out_image}}"]
        outputs = {"out_video": "video.mkv", "out_image": "image.png"}
        body = {"ffmpeg_commands": steps, "input_files": {}, "output_files": outputs}
        self.submit("chained-ffmpeg-commands", body | {"vcpu_count": 1})

    def multiple(self) -> None:
        """Three commands that share an input from elsewhere."""
        body = command_of("-i {{in_video}} -c copy {{out_video}}", {"out_video": "copy.mkv"})
        body["input_files"] = {"in_video": self._shared["video"]}
        self.submit("multiple-ffmpeg-commands", {"commands": [body] * 3}, count=3)

    def playlist(self) -> None:
        """Make an output of several files."""
        command = f"{TINY} {SEGMENTED} -hls_segment_filename s%d.ts {{{{out_playlist_a}}}}"
        self.submit("ffmpeg-command", command_of(command, {"out_playlist_a": "a.m3u8"}))

    def repeat(self) -> None:
        """Send an earlier submit again, as it was."""
        made = [each for each in list(self._journal.submits.values()) if each.answers and each.key]
        if made:
            self.send(self._random.choice(made))

    def cancel(self) -> None:
        """Cancel the newest command that has not been seen to end, or a new one."""
        body = command_of(f"{LASTING} {{{{out_video}}}}", {"out_video": "long.mkv"})
        for command_id in self._journal.outstanding()[-1:] or self.submit("ffmpeg-command", body):
            self._journal.cancelled.add(command_id)
            expect(self.insist("POST", f"/api/v1/commands/{command_id}/cancel"), *GONE)

    def upload(self) -> str:
        """Upload a file in one go."""
        content = self._noise()
        answer = self.ask("POST", "/api/v1/files/upload", files={"file": ("noise.bin", content)})
        expect(answer, 200)
        return self._keep(answer.json()["file_id"], content)

    def parts(self) -> None:
        """Upload a file in parts; each request is sent until it is answered, and once more."""
        content = self._noise()
        begun = self.ask(
            "POST",
            "/api/v1/files/init-upload",
            json={"filename": "noise.bin", "size_bytes": len(content)},
        ).json()
        size, etags = begun["part_size"], list[str]()
        for number, url in enumerate(begun["upload_urls"]):
            cut = content[number * size : (number + 1) * size]
            for _ in range(2):
                sent = self.insist("PUT", url, content=cut)
                expect(sent, 200)
            etags.append(sent.headers["ETag"])
        told = [{"part_number": number, "etag": etag} for number, etag in enumerate(etags, start=1)]
        path = f"/api/v1/files/{begun['file_id']}/complete-upload"
        for _ in range(2):
            expect(self.insist("POST", path, json={"parts": told}), 200)
            self._keep(begun["file_id"], content)

    def upload_and_use(self) -> None:
        """Upload a video and make another one of it, at once."""
        video = self.ask("GET", self._shared["video"]).content
        answer = self.ask("POST", "/api/v1/files/upload", files={"file": ("video.mkv", video)})
        expect(answer, 200)
        file_id = self._keep(answer.json()["file_id"], video)
        body = command_of("-i {{in_video}} -c copy {{out_video}}", {"out_video": "copy.mkv"})
        body["input_files"] = {"in_video": file_id}
        self.submit("ffmpeg-command", body)

    def delete(self) -> None:
        """Delete a file just uploaded."""
        file_id = self.upload()
        self._journal.deleted.add(file_id)
        expect(self.insist("DELETE", f"/api/v1/files/{file_id}"), *GONE)

    def delete_outputs(self) -> None:
        """Delete what some command has made, or is making."""
        for command_id in self._random.sample(
            accepted := sorted(self._journal.accepted()), min(1, len(accepted))
        ):
            self._journal.deleted.add(command_id)
            expect(self.insist("DELETE", f"/api/v1/commands/{command_id}/files"), 200)

    def look(self) -> None:
        """Poll what has not been seen to end."""
        for command_id in self._journal.outstanding()[:4]:
            polled = self.insist("GET", f"/api/v1/commands/{command_id}")
            expect(polled, 200)
            seen = (polled.json()["status"], polled.json()["attempt"])
            self._journal.seen.setdefault(command_id, []).append(seen)

    def _keep(self, file_id: str, content: bytes) -> str:
        self._journal.stored[file_id] = hashlib.sha256(content).hexdigest()
        return file_id

    def _noise(self) -> bytes:
        return self._random.randbytes(self._random.choice((1, 5_000, 150_000)))


def command_of(command: str, outputs: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ffmpeg_command": command,
        "input_files": {},
        "output_files": dict(outputs),
        "vcpu_count": 1,
    }


def is_for_want_of_room(answer: httpx.Response) -> bool:
    """Tell whether that is the refusal of a box with a full disk, as it should be."""
    if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
        return False
    return answer.json()["error"] == "STORAGE_FULL" and "Retry-After" in answer.headers


def expect(answer: httpx.Response, *statuses: int) -> None:
    """Refuse an answer that no caller of a box should get, killed or not."""
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:300]}"


ACTS: Final[Mapping[str, Callable[[Client], object]]] = {
    "single": Client.single,
    "careless": Client.careless,
    "long": Client.long,
    "chain": Client.chain,
    "multiple": Client.multiple,
    "playlist": Client.playlist,
    "repeat": Client.repeat,
    "cancel": Client.cancel,
    "upload": Client.upload,
    "upload and use": Client.upload_and_use,
    "parts": Client.parts,
    "delete": Client.delete,
    "delete outputs": Client.delete_outputs,
    "look": Client.look,
    "look again": Client.look,
}
