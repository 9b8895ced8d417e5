"""The words at the beginning of the API's description."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.catalogue import error_status_table, error_table
from renderio_box.api.problems import RENDI_STATUS, STATUS
from renderio_box.errors import ErrorCode

TAGS: Final[Mapping[str, str]] = {
    "Commands": "Submit FFmpeg commands, watch them, stop them.",
    "Presets": "Keep commands under a name, and run them on other files.",
    "Files": "Upload inputs, look at them, fetch outputs, delete both.",
    "Commands (Rendi)": "The same in Rendi's words.",
    "Files (Rendi)": "The same in Rendi's words.",
    "Webhooks": "Be told when commands end, and see what became of the telling.",
    "Keys": "API keys; for keys with the scope `admin`.",
    "Queue": "What there is to do, and taking none of it up for a while; for keys with the scope `admin`.",
    "Backup": "Snapshots for `renderio-box backup`; for keys with the scope `admin`.",
    "Operation": "Whether the box is well. No key is needed.",
    "Not offered": "What the hosted service has and the box does not.",
}

TEXT: Final = """\
FFmpeg over HTTP on your own machine. A command is posted with named inputs and outputs, is safe
on disk when it is accepted, and counts as done only when every output exists and can be read.

## Quick start

With the box's address in `BOX` and a key in `KEY` (`renderio-box keys add NAME` prints one):

```sh
curl "$BOX/api/v1/run-ffmpeg-command" -H "X-API-KEY: $KEY" -H "Content-Type: application/json" \\
  -d '{{"ffmpeg_command": "-f lavfi -i testsrc=duration=2 {{{{out_video}}}}",
       "input_files": {{}}, "output_files": {{"out_video": "test.mp4"}}}}'
```

answers `202` with a `command_id`. Poll `/api/v1/commands/COMMAND_ID` with the same key until `status`
is `SUCCESS` or `FAILED`; then `output_files.out_video.storage_url` serves the file, without a key.

The key goes into the header `X-API-KEY`, or into `Authorization: Bearer`. A page for agents, with
complete sessions, is at [`llms.txt`](llms.txt).

## Two dialects

The box speaks the words of two hosted services; a command submitted in one can be polled in the other.

| | RenderIO | Rendi |
| --- | --- | --- |
| base path | `/api/v1` | `/v1` |
| a submit answers | 202 | 200 |
| a list is | an envelope with `limit` and `offset` | a bare array |
| fields that do not apply | are null | are left out |
| an error | `{{"error": CODE, "message": TEXT}}` and maybe `detail` | `{{"detail": TEXT}}`, 422 with a list |

Unknown fields of a body are ignored. Every answer has an `X-Request-Id`.

## Success that was verified

With `"verify": {{"decode": true, "duration_tolerance_seconds": 1, "streams": true}}` in the body of a submit, each
part optional, a command is SUCCESS only when every output decodes to its end without an error, is as long as the
command and its inputs let expect, and has the streams that FFmpeg said it would write. A failed check ends it with
`VERIFICATION_FAILED`, and nothing is stored; `verification` in the poll response has the report on each output.
What nobody can know, such as the length of what a filter stretches, is `unknown` and fails nothing. Text, archives
and `OUTPUT_FOLDER` are not looked into. The operator sets what is checked without `verify`.

## When a request is refused

{errors}

Rendi's dialect has no codes, and other statuses for some: {others}.

## When a command fails

{error_statuses}
"""


def overview() -> str:
    """Return the text, in Markdown, with the tables of the catalogue."""
    others = [
        f"{code} is {RENDI_STATUS[code]}"
        for code in ErrorCode
        if RENDI_STATUS[code] != STATUS[code]
    ]
    return TEXT.format(
        errors=error_table(), error_statuses=error_status_table(), others=", ".join(others)
    )
