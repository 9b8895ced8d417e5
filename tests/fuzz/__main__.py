"""Fuzzing the whole API by its own description: ``python -m tests.fuzz --seconds 300``.

A box of its own is started in a scratch directory. Whatever the description allows, and
much of what it does not, is sent to every address; an answer with a status or a shape that
the description does not have, a 5xx, or one that shows something of the inside is a failure.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.running_box import scratch_box

ROOT: Final = Path(__file__).parents[2]
LEFT_OUT: Final = "/events$|ytdlp"
"""Streams that do not end, which have tests of their own, and what is answered with 501."""
CHECKS: Final = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,negative_data_rejection,"
    "unsupported_method,ignored_auth,no_leaks"
)
BEYOND_S: Final = 240
"""How long the fuzzer may go on after its time, to finish what it found."""


def main() -> int:
    """Fuzz for as long as asked; the exit status is the fuzzer's."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--seed", type=int)
    chosen = parser.parse_args()
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.fuzz.leaks", "PYTHONPATH": str(ROOT)}
    with scratch_box() as box, tempfile.TemporaryDirectory() as directory:
        command = [
            *(str(Path(sys.executable).with_name("st")), "run", f"{box.url}/schema/openapi.json"),
            *("--header", f"X-API-KEY: {box.http.headers['X-API-KEY']}"),
            *("--checks", CHECKS, "--exclude-path-regex", LEFT_OUT),
            *("--max-time", str(chosen.seconds), "--continue-on-failure", "--no-shrink"),
            *("--request-timeout", "20", "--suppress-health-check", "all"),
            *(("--seed", str(chosen.seed)) if chosen.seed is not None else ()),
        ]
        fuzzer = subprocess.run(
            command,
            cwd=directory,  # where it leaves notes for a replay
            env=environment,
            timeout=chosen.seconds + BEYOND_S,
            check=False,
        )
        alive = box.http.get("/healthz").status_code == 200
    print("The box still answers." if alive else "The box has stopped answering.")
    return fuzzer.returncode if alive else 1


if __name__ == "__main__":
    sys.exit(main())
