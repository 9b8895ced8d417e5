"""What no answer may ever hold: something of the machine or of the program's inside."""

import re
from typing import Any, Final

import schemathesis

INSIDE: Final = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|sqlite|aiosqlite|msgspec|litestar|/usr/|/tmp/|/home/|/root/"
)


@schemathesis.check
def no_leaks(_context: Any, response: Any, case: Any) -> None:  # noqa: ANN401
    """Refuse an error that shows a path, a stack, or the name of a library."""
    if response.status_code < 400 or str(case.path).startswith("/readyz"):
        return
    sent = f"{case.path_parameters}{case.query}{case.body}{case.headers}"
    found = [match for match in INSIDE.findall(response.text) if match not in sent]
    assert not found, f"the answer shows {found}"
