from pathlib import Path

from renderio_box.ffmpeg.devices import NO_DEVICES, Devices, permitted, shown

RENDER = Path("/dev/dri/renderD128")
CARD = Path("/sys/devices/pci0000:00/0000:00:02.0")
GRAPHICS = Devices(
    nodes=(RENDER,),
    readable=(CARD,),
    links=((Path("/sys/dev/char/226:128"), f"{CARD}/drm/renderD128"),),
    listed=(Path("/dev/dri"),),
)
NVIDIA = Devices(nodes=(Path("/dev/nvidia0"), Path("/dev/nvidiactl")), is_cuda=True)


def test_a_command_without_hardware_is_shown_nothing() -> None:
    assert (list(shown(NO_DEVICES)), list(permitted(NO_DEVICES))) == ([], [])


def test_a_graphics_device_comes_with_the_facts_about_its_card_alone() -> None:
    assert list(shown(GRAPHICS)) == [
        *("--dev-bind", str(RENDER), str(RENDER)),
        *("--ro-bind", str(CARD), str(CARD)),
        *("--symlink", f"{CARD}/drm/renderD128", "/sys/dev/char/226:128"),
    ]


def test_landlock_lets_it_be_controlled_and_its_neighbours_be_seen() -> None:
    assert list(permitted(GRAPHICS)) == [
        *("--device", str(RENDER)),
        *("--list-if-there", "/dev/dri"),
        *("--read-if-there", str(CARD)),
    ]


def test_nvidias_library_sees_the_machine_and_processes_of_its_own() -> None:
    words = list(shown(NVIDIA))

    assert words[-5:] == ["--ro-bind", "/sys", "/sys", "--proc", "/proc"]
    assert words.count("--dev-bind") == 2


def test_nvidias_library_may_name_its_threads() -> None:
    assert list(permitted(NVIDIA))[-1] == "--own-process"
