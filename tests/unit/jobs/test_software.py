import pytest

from renderio_box.jobs.software import in_software
from renderio_box.jobs.words import joined_words, split_words

ENCODERS = frozenset({"libx264", "libx265", "libsvtav1", "libvpx", "libvpx-vp9", "mjpeg"})
FILTERS = frozenset({"scale", "yadif", "format", "overlay", "transpose"})


def plain(command: str) -> str | None:
    words = tuple(split_words(command))
    found = in_software(words, encoders=ENCODERS, filters=FILTERS)
    return None if found is None else joined_words(found.words)


@pytest.mark.parametrize(
    ("command", "instead"),
    [
        ("-i a -c:v h264_vaapi -qp 23 b", "-i a -c:v libx264 -crf 23 b"),
        ("-i a -c:v hevc_nvenc -cq 28 -rc vbr -b:v 0 b", "-i a -c:v libx265 -crf 28 -b:v 0 b"),
        ("-i a -c:v h264_nvenc -cq 23 -b:v 4M b", "-i a -c:v libx264 -b:v 4M b"),
        ("-i a -c:v h264_nvenc -cq 0 b", "-i a -c:v libx264 b"),
        ("-i a -c:v h264_nvenc -cq 99 b", "-i a -c:v libx264 b"),
        ("-i a -c:v h264_nvenc -cq 23 -qp 20 b", "-i a -c:v libx264 -crf 23 b"),
        ("-i a -c:v h264_nvenc -cq:v 23 b", "-i a -c:v libx264 -crf:v 23 b"),
        ("-i a -c:v av1_vaapi -global_quality 120 b", "-i a -c:v libsvtav1 b"),
        ("-i a -c:v av1_qsv -global_quality 30 b", "-i a -c:v libsvtav1 b"),
        ("-i a -c:v mjpeg_vaapi -global_quality 80 b", "-i a -c:v mjpeg b"),
        ("-i a -c:v vp9_vaapi b", "-i a -c:v libvpx-vp9 b"),
        ("-i a -c:v h264_nvenc -preset slow b", "-i a -c:v libx264 -preset slow b"),
        ("-i a -c:v h264_nvenc -preset p7 -tune hq b", "-i a -c:v libx264 b"),
        ("-i a -c:v av1_nvenc -preset slow b", "-i a -c:v libsvtav1 b"),
        ("-i a -c:v h264_qsv -profile:v high b", "-i a -c:v libx264 -profile:v high b"),
        ("-i a -c:v hevc_qsv -profile:v main10 b", "-i a -c:v libx265 b"),
        ("-i a -c:v h264_nvenc -level auto b", "-i a -c:v libx264 b"),
        ("-i a -c:v h264_nvenc -pix_fmt p010le b", "-i a -c:v libx264 -pix_fmt yuv420p10le b"),
        ("-hwaccel cuda -extra_hw_frames 4 -i a b", "-i a b"),
        ("-c:v h264_cuvid -deint 2 -i a -c:v libx264 b", "-i a -c:v libx264 b"),
        ("-i a -c:v h264_vaapi -c:a copy -bf 2 -g 48 b", "-i a -c:v libx264 -c:a copy -bf 2 -g 48 b"),
        ("-i a -map 0:v -c:v h264_vaapi b -map 0:v -c:v h264_vaapi c", "-i a -map 0:v -c:v libx264 b -map 0:v -c:v libx264 c"),
    ],
)  # fmt: skip
def test_the_same_is_said_to_encoders_without_hardware(command: str, instead: str) -> None:
    assert plain(command) == instead


@pytest.mark.parametrize(
    "command",
    [
        "-i a -c:v libx264 -qp 23 b",
        "-i a -c:v mpeg2_vaapi b",
        "-i a -c:v theora_vaapi b",
        "-c:v h264_cuvid -resize 64x36 -i a b",
        "-i a -vf tonemap_opencl -c:v h264_nvenc b",
        "-i a -vf libplacebo=w=64 -c:v h264_vulkan b",
    ],
)
def test_nothing_is_offered_where_it_would_not_be_the_same(command: str) -> None:
    assert plain(command) is None
