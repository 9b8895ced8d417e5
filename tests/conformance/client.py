"""A box as a client sees it who knows only the contract."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import uuid4

import httpx

RENDERIO: Final = "/api/v1"
RENDI: Final = "/v1"
ACCEPTED: Final = {RENDERIO: 202, RENDI: 200}
FINAL: Final = frozenset({"SUCCESS", "FAILED"})
LOOK_EVERY_S: Final = 0.05
PATIENCE_S: Final = 60.0
"""How long to wait for what should come soon: this ends a hang, it measures nothing."""
BUSY_S: Final = 10.0
"""What a machine that is busy with other things may add to a time that is promised."""
NOWHERE: Final = "00000000-0000-7000-8000-000000000000"
BLACK: Final = "-f lavfi -i color=black:size=16x16:rate=1:duration=1 -frames:v 1"
"""Arguments that cost next to nothing: one black picture, from no input."""
PNG: Final = f"{BLACK} {{{{out_1}}}}"
PNG_OUT: Final = {"out_1": "black.png"}
ENDLESS: Final = "-re -f lavfi -i testsrc2=size=16x16:rate=5 -c:v mpeg4 {{out_1}}"
ENDLESS_OUT: Final = {"out_1": "endless.mkv"}

Record = dict[str, Any]
T = TypeVar("T")


class Client:
    """Speaks one dialect with one key, over a connection that others share."""

    def __init__(self, http: httpx.Client, url: str, key: str, dialect: str = RENDERIO) -> None:
        self.http = http
        self.url = url
        self.key = key
        self.dialect = dialect

    def speaking(self, dialect: str) -> "Client":
        """Return a client with the same key that speaks ``dialect``."""
        return Client(self.http, self.url, self.key, dialect)

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Send a request below the dialect's path; whatever comes back is the answer."""
        headers = {"X-API-KEY": self.key} | dict(more.pop("headers", {}))
        return self.http.request(method, self.url + self.dialect + path, headers=headers, **more)

    def get(self, path: str, **parameters: object) -> httpx.Response:
        return self.call("GET", path, params=parameters)

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return self.call("POST", path, json=body, headers=named(headers))

    def put(self, path: str, body: object) -> httpx.Response:
        return self.call("PUT", path, json=body)

    def delete(self, path: str) -> httpx.Response:
        return self.call("DELETE", path)

    def fetch(self, path: str, **parameters: object) -> Any:  # noqa: ANN401 - whatever JSON is there
        """Return what the box has at ``path``; it must be there."""
        return self.get(path, **parameters).raise_for_status().json()

    def submit(
        self,
        command: str = PNG,
        outputs: object = PNG_OUT,
        inputs: Mapping[str, str] | None = None,
        **more: object,
    ) -> str:
        """Submit a command that must be accepted; return its id."""
        return self.accepted("/run-ffmpeg-command", single(command, outputs, inputs, **more))

    def accepted(self, path: str, body: object, **headers: str) -> str:
        """Send a body that must be accepted; return the command's id."""
        answer = self.post(path, body, **headers)
        assert answer.status_code == ACCEPTED[self.dialect], answer.text
        return str(answer.json()["command_id"])

    def poll(self, command_id: str) -> Record:
        return dict(self.fetch(f"/commands/{command_id}"))

    def finished(self, command_id: str, *, within_s: float = PATIENCE_S) -> Record:
        """Return the poll response of a command that ends within that time."""
        return self.until(command_id, lambda polled: polled["status"] in FINAL, within_s=within_s)

    def until(
        self, command_id: str, fits: Callable[[Record], bool], *, within_s: float = PATIENCE_S
    ) -> Record:
        """Return the first poll response that fits."""

        def look() -> Record | None:
            polled = self.poll(command_id)
            return polled if fits(polled) else None

        return eventually(look, within_s=within_s)

    def run(
        self,
        command: str = PNG,
        outputs: object = PNG_OUT,
        inputs: Mapping[str, str] | None = None,
        **more: object,
    ) -> Record:
        """Submit a command and return its last poll response."""
        return self.finished(self.submit(command, outputs, inputs, **more))

    def made(
        self, command: str, name: str = "black.png", inputs: Mapping[str, str] | None = None
    ) -> Record:
        """Run a command with one output, ``out_1``, that must succeed; return its record."""
        polled = self.run(command, {"out_1": name}, inputs)
        assert polled["status"] == "SUCCESS", polled
        return dict(polled["output_files"]["out_1"])

    def upload(self, content: bytes = b"content", name: str = "notes.txt") -> Record:
        """Upload a file that must be taken; return the answer."""
        answer = self.call("POST", "/files/upload", files={"file": (name, content)})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def file(self, file_id: str) -> Record:
        return dict(self.fetch(f"/files/{file_id}"))

    def stored(self, file_id: str, *, within_s: float = PATIENCE_S) -> Record:
        """Return the record of a file that is fetched, or fails to be, within that time."""

        def look() -> Record | None:
            record = self.file(file_id)
            return record if record["status"] in {"STORED", "FAILED"} else None

        return eventually(look, within_s=within_s)

    @contextmanager
    def endless(self, **more: object) -> Iterator[str]:
        """Run a command that encodes until the block ends; yield its id."""
        command_id = self.submit(ENDLESS, ENDLESS_OUT, max_command_run_seconds=120, **more)
        try:
            self.until(
                command_id, lambda polled: polled.get("processing_stage") == "FFMPEG_PROCESSING"
            )
            yield command_id
        finally:
            self.cancel(command_id)
            self.finished(command_id)

    def cancel(self, command_id: str) -> httpx.Response:
        """Stop a command; only RenderIO's dialect can."""
        return self.speaking(RENDERIO).call("POST", f"/commands/{command_id}/cancel")


@dataclass(frozen=True)
class Problem:
    """An error answer: the status, the code, and the path of the field at fault, if any."""

    status: int
    code: str
    loc: tuple[str, ...] = ()


def single(
    command: str = PNG,
    outputs: object = PNG_OUT,
    inputs: Mapping[str, str] | None = None,
    **more: object,
) -> Record:
    """Return the body of a submit, valid unless told otherwise."""
    return {
        "ffmpeg_command": command,
        "input_files": dict(inputs or {}),
        "output_files": outputs,
        **more,
    }


def without(record: Mapping[str, object], *names: str) -> Record:
    return {name: value for name, value in record.items() if name not in names}


def named(headers: Mapping[str, str]) -> dict[str, str]:
    """Return header names as they are written: ``idempotency_key`` is ``Idempotency-Key``."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def unique(name: str = "conformance") -> str:
    """Return a name that nobody has used on this box."""
    return f"{name}-{uuid4().hex[:12]}"


def problem_of(answer: httpx.Response) -> Problem:
    """Read an answer that must be RenderIO's error envelope and nothing else."""
    body = answer.json()
    assert answer.headers["content-type"].startswith("application/json")
    assert {"error", "message"} <= body.keys() <= {"error", "message", "detail"}, body
    assert re.fullmatch(r"[A-Z_]+", body["error"]), body
    assert len(body["message"]) > len("No."), body
    faults = body.get("detail", [])
    assert all({"loc", "msg", "type"} == fault.keys() for fault in faults), body
    loc = tuple(map(str, faults[0]["loc"])) if faults else ()
    return Problem(answer.status_code, body["error"], loc)


def rendi_problem_of(answer: httpx.Response) -> tuple[int, str]:
    """Read an answer that must be Rendi's envelope with a sentence in it."""
    body = answer.json()
    assert answer.headers["content-type"].startswith("application/json")
    assert body.keys() == {"detail"}, body
    assert isinstance(body["detail"], str), body
    return answer.status_code, body["detail"]


def rendi_fault_of(answer: httpx.Response) -> tuple[int, tuple[str, ...]]:
    """Read an answer that must be Rendi's list of faults; return where the first one is."""
    body = answer.json()
    assert body.keys() == {"detail"}, body
    assert isinstance(body["detail"], list), body
    assert all({"loc", "msg", "type"} <= fault.keys() for fault in body["detail"]), body
    return answer.status_code, tuple(map(str, body["detail"][0]["loc"]))


def eventually(look: Callable[[], T | None], *, within_s: float = PATIENCE_S) -> T:
    """Return what ``look`` sees as soon as that is something.

    Raises:
        TimeoutError: It was nothing all the time.
    """
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing to be seen within {within_s:g} seconds")
        time.sleep(LOOK_EVERY_S)
    return seen
