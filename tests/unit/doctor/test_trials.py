import pytest

from renderio_box.doctor import trials
from renderio_box.doctor.finding import State
from renderio_box.doctor.trials import Trial, encoding, excused, hardware_fault, kind_of, of_trials
from renderio_box.jobs.hardware import Hardware


@pytest.mark.parametrize(
    ("encoder", "devices", "words"),
    [
        ("libx264", (), "-c:v libx264"),
        ("aac", (), "-c:a aac"),
        (
            "h264_vaapi",
            ("/dev/dri/renderD128",),
            "-init_hw_device vaapi=dev:/dev/dri/renderD128 -filter_hw_device dev",
        ),
        ("h264_vaapi", ("/dev/dri",), "-init_hw_device vaapi=dev -filter_hw_device dev"),
        ("h264_vulkan", ("/dev/dri/renderD128",), "-init_hw_device vulkan=dev"),
        ("hevc_nvenc", ("/dev/nvidia0",), "-c:v hevc_nvenc"),
    ],
)
def test_an_encoder_is_tried_the_way_it_is_used(
    encoder: str, devices: tuple[str, ...], words: str
) -> None:
    command = " ".join(encoding(encoder, devices))

    assert words in command
    assert command.endswith("-f null -")


def test_pictures_are_brought_to_the_cards_memory() -> None:
    assert "format=nv12,hwupload" in encoding("hevc_vaapi", ())


def test_the_kind_of_an_encoder_is_known() -> None:
    assert (kind_of("h264_qsv"), kind_of("libx264")) == (Hardware.QSV, None)


@pytest.mark.parametrize(
    ("faults", "state"),
    [(("", ""), State.OK), (("", "no profile"), State.OK), (("no", "no"), State.WARNING)],
)
def test_a_device_is_well_when_some_encoder_works_on_it(
    faults: tuple[str, str], state: State
) -> None:
    tried = [Trial(name, fault) for name, fault in zip(("a", "b"), faults, strict=True)]

    assert of_trials(Hardware.VAAPI, tried).state is state


def test_a_card_is_not_blamed_for_what_another_makers_does() -> None:
    vaapi = of_trials(Hardware.VAAPI, [Trial("h264_vaapi", "")])
    quick_sync = of_trials(Hardware.QSV, [Trial("h264_qsv", "no session")])

    assert [each.state for each in excused([vaapi, quick_sync])] == [State.OK, State.OK]
    assert list(excused([quick_sync])) == [quick_sync]


@pytest.mark.parametrize(
    ("fault", "state", "fix"),
    [
        ("this box lets commands use no device (hardware.devices names none)", State.OK, ""),
        ("the box's user may not open /d and is not in the group render", State.PROBLEM, "-aG render"),
        ("/d is hidden from the box, by PrivateDevices= of its unit", State.PROBLEM, "PrivateDevices=no"),
        ("/d of hardware.devices is not on this machine", State.PROBLEM, "hardware.devices"),
    ],
)  # fmt: skip
def test_what_keeps_hardware_from_being_used_comes_with_its_fix(
    fault: str, state: State, fix: str
) -> None:
    found = hardware_fault(Hardware.VAAPI, ["h264_vaapi"], fault)

    assert found.state is state
    assert fix in found.fix


def test_a_card_that_nobody_may_use_is_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = (Hardware.VAAPI,)
    assert "there is no" in trials.unconfigured(kinds).what

    monkeypatch.setattr(trials, "GRAPHICS", trials.Path("/dev/null"))

    assert "add it to hardware.devices" in trials.unconfigured(kinds).what
