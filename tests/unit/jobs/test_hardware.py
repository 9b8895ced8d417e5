import json
from pathlib import Path

import pytest

from renderio_box.jobs.hardware import ANY, Hardware, devices_named, hardware_of
from renderio_box.jobs.words import split_words

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "media" / "commands.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        ("-i a -c:v h264_vaapi b", {Hardware.VAAPI}),
        ("-i a -vcodec hevc_nvenc b", {Hardware.CUDA}),
        ("-i a -codec:v:0 av1_qsv b", {Hardware.QSV}),
        ("-c:v h264_cuvid -i a b", {Hardware.CUDA}),
        ("-i a -c:v nvenc_hevc b", {Hardware.CUDA}),
        ("-i a -c:v nvenc b", {Hardware.CUDA}),
        ("-i a -c:v h264_v4l2m2m b", {Hardware.V4L2}),
        ("-i a -c:v h264_vulkan b", {Hardware.VULKAN}),
        ("-i a -c:v hevc_rkmpp b", {Hardware.ROCKCHIP}),
        ("-i a -c:v h264_amf b", {Hardware.AMF}),
        ("-hwaccel vaapi -i a b", {Hardware.VAAPI}),
        ("-hwaccel nvdec -i a b", {Hardware.CUDA}),
        ("-hwaccel auto -i a b", ANY),
        ("-init_hw_device vaapi=va:/dev/dri/renderD128 -i a b", {Hardware.VAAPI}),
        ("-init_hw_device qsv -i a b", {Hardware.QSV}),
        ("-init_hw_device opencl:0.1 -i a b", {Hardware.OPENCL}),
        ("-init_hw_device cuda@va -i a b", {Hardware.CUDA}),
        ("-vaapi_device /dev/dri/renderD128 -i a b", {Hardware.VAAPI}),
        ("-qsv_device /dev/dri/renderD128 -i a b", {Hardware.QSV}),
        ("-i a -vf scale_cuda=64:36 b", {Hardware.CUDA}),
        ("-i a -filter_complex '[0:v]hwupload_cuda,scale_npp=64:-1[v]' -map '[v]' b", {Hardware.CUDA}),
        ("-i a -vf hwmap=derive_device=qsv,vpp_qsv=w=64 b", {Hardware.QSV}),
        ("-i a -vf libplacebo=w=64 b", {Hardware.VULKAN}),
        ("-f lavfi -i color_vulkan=s=64x64 b", {Hardware.VULKAN}),
        ("-hwaccel vaapi -i a -c:v hevc_nvenc b", {Hardware.VAAPI, Hardware.CUDA}),
    ],
)  # fmt: skip
def test_a_command_that_uses_hardware_is_known_by_its_words(
    command: str, kinds: set[Hardware]
) -> None:
    assert hardware_of(split_words(command)) == kinds


@pytest.mark.parametrize(
    "command",
    [
        "-i a b",
        "-i a -c:v libx264 -c:a aac b",
        "-i h264_vaapi.mp4 -c copy vaapi_cuda.mp4",
        "-i a -metadata title=h264_nvenc b",
        "-i a -vf drawtext=text=scale_cuda b",
        "-hwaccel none -i a b",
        "-i a -c:v h264_videotoolbox b",
        "-vaapi_device",
        "-c:v",
        "-i a -vf ,;=[ b",
    ],
)
def test_a_command_that_uses_none_gets_none(command: str) -> None:
    assert hardware_of(command.split(" ")) == frozenset()


def test_no_usual_command_is_taken_to_use_hardware() -> None:
    commands = [each for row in ROWS for each in in_steps(row["command"])]

    assert len(commands) > 50
    assert [each for each in commands if hardware_of(split_words(each))] == []


def in_steps(command: str | list[str]) -> list[str]:
    return [command] if isinstance(command, str) else command


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("-vaapi_device /dev/dri/renderD128 -i a b", ("/dev/dri/renderD128",)),
        ("-hwaccel_device /dev/dri/renderD129 -i a b", ("/dev/dri/renderD129",)),
        ("-hwaccel_device 0 -i a b", ()),
        ("-init_hw_device vaapi=va:/dev/dri/renderD128 -i a b", ("/dev/dri/renderD128",)),
        ("-init_hw_device vaapi:/dev/dri/renderD128,driver=iHD -i a b", ("/dev/dri/renderD128",)),
        (
            "-init_hw_device qsv=hw,child_device=/dev/dri/renderD129 -i a b",
            ("/dev/dri/renderD129",),
        ),
        ("-init_hw_device cuda=cu:0 -i a b", ()),
        ("-vaapi_device /d -vaapi_device /d -qsv_device /e -i a b", ("/d", "/e")),
        ("-i /dev/dri/renderD128 b", ()),
        ("-init_hw_device", ()),
    ],
)
def test_the_devices_that_a_command_names_are_found(command: str, named: tuple[str, ...]) -> None:
    assert devices_named(split_words(command)) == named
