"""What the program says about itself."""

import pytest

from renderio_box import __version__
from tests.running_box import cli

COMMANDS = [
    "",
    "serve",
    "keys",
    "keys add",
    "keys list",
    "keys revoke",
    "run",
    "demo",
    "doctor",
    "self-test",
    "net",
    "net explain",
    "config",
    "config check",
    "config show",
    "backup",
    "restore",
    "migrate",
    "completion",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    shown = cli(*command.split(), "--help")

    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"Usage: renderio-box {command}".rstrip())


def test_the_version_is_told() -> None:
    assert cli("--version").stdout == f"renderio-box, version {__version__}\n"


@pytest.mark.parametrize("words", [["fly"], ["serve", "--fly"], ["run"], ["keys", "add"]])
def test_wrong_usage_is_told_as_such(words: list[str]) -> None:
    shown = cli(*words)

    assert (shown.returncode, shown.stdout) == (2, "")
    assert "Usage: renderio-box" in shown.stderr
