from pathlib import Path

import pytest

from renderio_box.backup.restoring import Restored
from renderio_box.cli.restore import counted, tell
from renderio_box.data_directory import DataDirectory
from renderio_box.database.snapshot import Unfinished


def test_one_is_not_several() -> None:
    assert [counted(count, "file") for count in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


def test_a_restore_says_what_runs_again_and_how_to_go_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "replaced-1"
    kept.mkdir()

    tell(
        Restored(replaced=kept, unfinished=Unfinished(2, 1), objects=3, missing=1),
        DataDirectory(tmp_path),
    )

    told = capsys.readouterr().err
    assert "with 3 stored files" in told
    assert "not there: 1 stored file;" in told
    assert "2 commands" in told
    assert "1 webhook;" in told
    assert f"'renderio-box restore {kept} --data {tmp_path}' goes back to it" in told


def test_a_restore_onto_an_empty_machine_has_little_to_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = Restored(replaced=tmp_path / "replaced-1", unfinished=Unfinished(0, 0))

    tell(nothing, DataDirectory(tmp_path))

    assert capsys.readouterr().err == f"restored in {tmp_path}\n"
