"""The rules for both dialects: unknown fields are ignored, numeric strings are integers."""

import pytest

from tests.conformance.client import (
    PNG,
    PNG_OUT,
    RENDERIO,
    RENDI,
    Client,
    Record,
    single,
)

UNKNOWN: Record = {"unheard_of": {"deep": [1, None]}, "executionMode": "manual", "Preset": None}
CHAIN: Record = {"ffmpeg_commands": [PNG], "input_files": {}, "output_files": PNG_OUT}
PRESET: Record = {
    "name": "Tolerant",
    "ffmpeg_command": "-i {{in_1}} {{out_1}}",
    "input_file_keys": ["in_1"],
    "output_file_definitions": PNG_OUT,
}
NUMBERS: Record = {"max_command_run_seconds": "300", "vcpu_count": "1", "priority": "50"}
BODIES = [
    (RENDERIO, "POST", "/run-ffmpeg-command", single()),
    (RENDERIO, "POST", "/run-chained-ffmpeg-commands", CHAIN),
    (RENDERIO, "POST", "/run-chained-ffmpeg-commands", {"commands": [single() | UNKNOWN]}),
    (RENDERIO, "POST", "/run-multiple-ffmpeg-commands", {"commands": [single() | UNKNOWN]}),
    (RENDERIO, "POST", "/validate", single()),
    (RENDERIO, "POST", "/files/store-file", {"file_url": "http://127.0.0.1:9/clip.mp4"}),
    (RENDERIO, "POST", "/files/init-upload", {"filename": "a.bin", "size_bytes": 5}),
    (RENDERIO, "POST", "/presets", PRESET),
    (RENDERIO, "PUT", "/webhook-config", {"url": "http://127.0.0.1:9/hook"}),
    (RENDI, "POST", "/run-ffmpeg-command", single()),
    (RENDI, "POST", "/run-chained-ffmpeg-commands", CHAIN),
    (RENDI, "POST", "/files/store-file", {"file_url": "http://127.0.0.1:9/clip.mp4"}),
    (RENDI, "POST", "/files/init-upload", {"filename": "a.bin", "size_bytes": 5}),
]
SUBMITS = [
    (RENDERIO, "/run-ffmpeg-command", single(**NUMBERS)),
    (RENDERIO, "/run-chained-ffmpeg-commands", CHAIN | NUMBERS),
    (RENDERIO, "/run-multiple-ffmpeg-commands", {"commands": [single(**NUMBERS)]}),
    (RENDI, "/run-ffmpeg-command", single(**NUMBERS)),
    (RENDI, "/run-chained-ffmpeg-commands", CHAIN | NUMBERS),
]


@pytest.mark.parametrize(("dialect", "method", "path", "body"), BODIES)
def test_unknown_fields_are_ignored(
    newcomer: Client, dialect: str, method: str, path: str, body: Record
) -> None:
    answer = newcomer.speaking(dialect).call(method, path, json=body | UNKNOWN)

    assert answer.is_success, answer.text


@pytest.mark.parametrize(("dialect", "path", "body"), SUBMITS)
def test_numeric_strings_are_taken_for_integers(
    client: Client, dialect: str, path: str, body: Record
) -> None:
    answer = client.speaking(dialect).post(path, body)

    assert answer.is_success, answer.text


@pytest.mark.parametrize("text", ["1.5", "0x10", "", " ", "many"])
@pytest.mark.parametrize("field", ["max_command_run_seconds", "vcpu_count"])
def test_other_strings_are_not(either: Client, field: str, text: str) -> None:
    answer = either.post("/run-ffmpeg-command", single(**{field: text}))

    assert answer.status_code == {RENDERIO: 400, RENDI: 422}[either.dialect]


@pytest.mark.parametrize(
    "field", ["metadata", "webhook_url", "max_command_run_seconds", "vcpu_count", "priority"]
)
def test_null_means_left_out(either: Client, field: str) -> None:
    answer = either.post("/run-ffmpeg-command", single(**{field: None}))

    assert answer.is_success, answer.text
