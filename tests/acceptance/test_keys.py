"""``renderio-box keys`` while the box runs and while it does not."""

from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.running_box import RunningBox, cli, running_box


@pytest.fixture(params=["while the box runs", "while no box runs"])
def data(request: pytest.FixtureRequest, box: RunningBox, tmp_path: Path) -> Path:
    """A data directory of a box that runs, and one of none."""
    return box.data if request.param == "while the box runs" else tmp_path / "data"


@pytest.fixture
def name() -> str:
    """A name that no key has."""
    return f"n8n-{uuid4().hex}"


def status_with(key: str, box: RunningBox) -> int:
    url = f"{box.url}/api/v1/commands"
    return httpx.get(url, headers={"x-api-key": key}, trust_env=False).status_code


def test_a_key_has_the_scopes_and_the_end_that_it_was_made_with(data: Path, name: str) -> None:
    added = cli(
        *("keys", "add", name, "--scope", "read", "--scope", "files"),
        *("--expires", "2099-01-31", "--data", data),
    )
    listed = cli("keys", "list", "--data", data)

    [line] = [line.split() for line in listed.stdout.splitlines() if line.startswith(name)]
    assert (added.returncode, line[2], line[5:7]) == (0, "files,read", ["2099-01-31", "00:00:00"])


@pytest.mark.parametrize(
    ("option", "text", "status"),
    [("--expires", "2020-01-31", 1), ("--expires", "soon", 2), ("--scope", "write", 2)],
)
def test_terms_that_no_key_can_have_are_refused(
    data: Path, name: str, option: str, text: str, status: int
) -> None:
    refused = cli("keys", "add", name, option, text, "--data", data)

    assert (refused.returncode, refused.stdout) == (status, "")


def test_adding_prints_the_key_alone(data: Path, name: str) -> None:
    added = cli("keys", "add", name, "--data", data)

    assert (added.returncode, added.stderr) == (0, "")
    assert added.stdout.startswith("ffsk_")
    assert len(added.stdout) == len("ffsk_") + 64 + 1


def test_a_name_in_use_is_refused(data: Path, name: str) -> None:
    cli("keys", "add", name, "--data", data)

    refused = cli("keys", "add", name, "--data", data)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"There is a key named {name} already" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_name_that_cannot_be_one_is_wrong_usage(data: Path) -> None:
    refused = cli("keys", "add", "two words", "--data", data)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "'two words' cannot be a name" in refused.stderr


def test_listing_shows_every_key_and_no_secret(data: Path, name: str) -> None:
    key = cli("keys", "add", name, "--owner", "ann", "--data", data).stdout.strip()
    cli("keys", "revoke", name, "--data", data)

    listed = cli("keys", "list", "--data", data)

    [line] = [line.split() for line in listed.stdout.splitlines() if line.startswith(name)]
    assert (listed.returncode, line[:3]) == (0, [name, "ann", "files,read,submit"])
    assert line[-1] != "-"
    assert key.removeprefix("ffsk_") not in listed.stdout


@pytest.mark.parametrize("arguments", [("list",), ("revoke", "n8n")], ids=" ".join)
def test_a_directory_without_a_box_is_told_and_left_alone(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    nowhere = tmp_path / "typo"

    refused = cli("keys", *arguments, "--data", nowhere)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"there is no box in {nowhere}" in refused.stderr
    assert not nowhere.exists()


def test_revoking_a_key_that_is_not_there_is_refused(data: Path, name: str) -> None:
    cli("keys", "add", name, "--data", data)

    refused = cli("keys", "revoke", "nobody", "--data", data)

    assert refused.returncode == 1
    assert "There is no key nobody in use." in refused.stderr


def test_a_key_made_while_the_box_runs_works_at_once(box: RunningBox) -> None:
    key = cli("keys", "add", "at-once", "--data", box.data).stdout.strip()

    assert status_with(key, box) == 200


def test_a_revoked_key_is_refused_at_once(box: RunningBox) -> None:
    key = cli("keys", "add", "short-lived", "--data", box.data).stdout.strip()
    assert status_with(key, box) == 200

    revoked = cli("keys", "revoke", "short-lived", "--data", box.data)

    assert (revoked.returncode, status_with(key, box)) == (0, 401)


def test_a_key_made_while_no_box_runs_works_when_one_does(tmp_path: Path) -> None:
    key = cli("keys", "add", "early", "--data", tmp_path / "data").stdout.strip()

    with running_box(tmp_path / "data") as box:
        assert status_with(key, box) == 200


def test_only_an_admin_key_manages_keys(box: RunningBox) -> None:
    usual = cli("keys", "add", "usual", "--data", box.data).stdout.strip()
    admin = cli("keys", "add", "boss", "--admin", "--data", box.data).stdout.strip()

    url = f"{box.url}/api/v1/keys"
    statuses = [
        httpx.get(url, headers={"x-api-key": key}, trust_env=False).status_code
        for key in (usual, admin)
    ]

    assert statuses == [403, 200]
