"""What video hardware a command uses, as its words tell."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from renderio_box.jobs.correction import codec_kind, graphs_of
from renderio_box.jobs.filter_graph import Filter, filters_in
from renderio_box.jobs.options import Item, Role, items


class Hardware(StrEnum):
    """A way to video hardware, by the name that people know it by."""

    VAAPI = "VA-API"
    QSV = "Quick Sync"
    CUDA = "CUDA"
    V4L2 = "V4L2"
    VULKAN = "Vulkan"
    OPENCL = "OpenCL"
    DRM = "DRM"
    AMF = "AMF"
    ROCKCHIP = "Rockchip MPP"


BY_NAME: Final = {
    "vaapi": Hardware.VAAPI,
    "qsv": Hardware.QSV,
    "cuda": Hardware.CUDA,
    "cuvid": Hardware.CUDA,
    "nvdec": Hardware.CUDA,
    "nvenc": Hardware.CUDA,
    "npp": Hardware.CUDA,
    "v4l2m2m": Hardware.V4L2,
    "vulkan": Hardware.VULKAN,
    "opencl": Hardware.OPENCL,
    "drm": Hardware.DRM,
    "amf": Hardware.AMF,
    "rkmpp": Hardware.ROCKCHIP,
    "rkrga": Hardware.ROCKCHIP,
}
"""What FFmpeg calls hardware in the names of codecs, filters and devices."""
ELSEWHERE: Final = frozenset({"d3d12va", "mediacodec", "mf", "omx", "videotoolbox"})
"""Hardware of other systems, of which codecs are named, too."""
ANY: Final = frozenset({Hardware.VAAPI, Hardware.QSV, Hardware.CUDA, Hardware.VULKAN, Hardware.DRM})
"""What ``-hwaccel auto`` tries."""

CODEC: Final = re.compile(
    rf"(\w+?)_(?:{'|'.join(sorted({*BY_NAME, *ELSEWHERE}))})|nvenc_(\w+)|nvenc()"
)
"""A codec that needs a device; its groups are what it makes or reads."""
DEVICE_FILE: Final = re.compile(r"(?::|child_device=)(/[^,@]+)")
"""A file in the value of ``-init_hw_device``."""
DEVICE_OPTIONS: Final = frozenset({"hwaccel_device", "qsv_device", "vaapi_device"})


def hardware_of(arguments: Sequence[str]) -> frozenset[Hardware]:
    """Return every kind of hardware that a command uses; empty for one that needs none."""
    return frozenset((*in_options(arguments), *in_filters(arguments)))


def in_options(arguments: Sequence[str]) -> Iterator[Hardware]:
    """Yield the hardware that options name."""
    for item in items(arguments):
        if item.role is not Role.OPTION or len(item.words) == 1:
            continue
        if codec_kind(item) is not None:
            yield from named(suffix_of(item.value))
        elif item.name == "hwaccel":
            yield from ANY if item.value == "auto" else named(item.value)
        elif item.name == "init_hw_device":
            yield from named(re.split("[=:@,]", item.value)[0])
        elif item.name in {"vaapi_device", "qsv_device"}:
            yield from named(item.name.partition("_")[0])


def in_filters(arguments: Sequence[str]) -> Iterator[Hardware]:
    """Yield the hardware that filters work with."""
    for graph in graphs_of(tuple(arguments)):
        for found in filters_in(graph):
            yield from of_filter(found)


def of_filter(found: Filter) -> Iterator[Hardware]:
    """Yield the hardware that one filter works with."""
    if found.name == "libplacebo":
        yield Hardware.VULKAN
    yield from named(found.name.rpartition("_")[2])
    for argument in found.arguments:
        if argument.key == "derive_device":
            yield from named(argument.value)


def named(name: str) -> Iterator[Hardware]:
    """Yield the hardware of that name, if there is one."""
    if name in BY_NAME:
        yield BY_NAME[name]


def suffix_of(codec: str) -> str:
    """Return the part of a codec's name that may be that of hardware."""
    return "nvenc" if codec.startswith("nvenc") else codec.rpartition("_")[2]


def devices_named(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the device files that a command names, each once."""
    return tuple(dict.fromkeys(name for item in items(arguments) for name in files_in(item)))


def files_in(item: Item) -> list[str]:
    """Return the device files that one option names."""
    if item.name == "init_hw_device":
        return DEVICE_FILE.findall(item.value)
    return [item.value] if item.name in DEVICE_OPTIONS and item.value.startswith("/") else []
