"""Which arguments name files: options of FFmpeg and of its parts, and those of filters.

The tables were made by asking ffmpeg 5.1.9 and 9.0.2 (``-h full``) which options take a
text, and by trying those whose description speaks of a file.
"""

from collections.abc import Iterator
from typing import Final

from renderio_box.jobs.filter_graph import Filter, arguments_in

READING_OPTIONS: Final = frozenset(
    """
    apre assetmaps attach ca_file cafile cert cert_file filter_complex_script filter_script fpre
    graph_file hls_key_info_file key_file pre private_key spre sub_name vpre
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
WRITING_OPTIONS: Final = frozenset(
    """
    cache_dir dump_attachment header hls_fmp4_init_filename hls_master_name hls_segment_filename
    hls_subtitle_path init_seg_name master_pl_name media_seg_name passlogfile print_graphs_file
    progress sdp_file segment_header_filename segment_list single_file_name stats_enc_post
    stats_enc_pre stats_mux_pre vstats_file x265-stats
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
SEPARATORS: Final = {"assetmaps": ","}
"""Options that name several files, and what stands between them."""
PARAMETERS: Final = {
    **dict.fromkeys(
        (
            *("aom-params", "oapv-params", "rav1e-params", "svtav1-params", "vvenc-params"),
            *("x264-params", "x264opts", "x265-params", "xavs2-params"),
        ),
        ":",
    ),
    "kvazaar-params": ",",
}
"""Options that hand an encoder parameters of its own, and what stands between these."""

FILTERS: Final = {
    "ametadata": "file",
    "amovie": "*filename",
    "arnndn": "*model m",
    "asendcmd": "filename f",
    "asr": "dict hmm lm lmctl",
    "ass": "*filename f fontsdir",
    "cellauto": "*filename f",
    "cover_rect": "*cover",
    "curves": "plot psfile",
    "derain": "model",
    "deshake": "filename",
    "dnn_classify": "labels model",
    "dnn_detect": "labels model",
    "dnn_processing": "model",
    "drawtext": "*fontfile textfile",
    "drawvg": "file",
    "fieldhint": "*hint",
    "find_rect": "*object",
    "firequalizer": "dumpfile",
    "flite": "textfile",
    "fsync": "*file f",
    "lensfun": "db_path",
    "libplacebo": "custom_shader_path lut shader_cache",
    "libvmaf": "log_path",
    "life": "*filename f",
    "loudnorm": "stats_file",
    "lut1d": "*file",
    "lut3d": "*file",
    "metadata": "file",
    "movie": "*filename",
    "nnedi": "*weights",
    "ocr": "*datapath",
    "openclsrc": "*source",
    "paletteuse": "debug_kdtree",
    "program_opencl": "*source",
    "psnr": "*stats_file f",
    "qrencode": "fontfile textfile",
    "qrencodesrc": "fontfile textfile",
    "removelogo": "*filename f",
    "selectivecolor": "psfile",
    "sendcmd": "filename f",
    "showcqt": "axisfile fontfile",
    "signature": "filename",
    "sofalizer": "*sofa",
    "sr": "model",
    "ssim": "*stats_file f",
    "ssim360": "*stats_file f",
    "subtitles": "*filename f fontsdir",
    "vidstabdetect": "*result",
    "vidstabtransform": "*input",
    "vmafmotion": "*stats_file",
    "whisper": "*model destination vad_model",
    "xfade_opencl": "source",
    "xpsnr": "*stats_file f",
}
"""Which arguments of filters name files; one with a star may stand first without its key."""
PLUGINS: Final = {"frei0r": "filter_name", "frei0r_src": "filter_name", "ladspa": "file f"}
"""Which arguments of filters name code that is loaded; the first may lack its key."""
MOVIES: Final = frozenset({"amovie", "movie"})


def files_of(found: Filter) -> Iterator[str]:
    """Yield every file that a filter's arguments name."""
    listed = FILTERS.get(found.name, "")
    keys = listed.removeprefix("*").split()
    for place, argument in enumerate(found.arguments):
        positional = place == 0 and not argument.key and listed.startswith("*")
        # A slash before any key makes FFmpeg read the value from a file.
        if positional or argument.key in keys or argument.key.startswith("/"):
            yield argument.value
        elif found.name == "libvmaf" and argument.key == "model":
            yield from model_files(argument.value)


def model_files(models: str) -> Iterator[str]:
    """Yield the files of models such as ``path=a.json:name=a|version=b``."""
    for model in models.split("|"):
        yield from (part.value for part in arguments_in(model) if part.key == "path")


def plugins_of(found: Filter) -> Iterator[str]:
    """Yield the name of every piece of code that a filter loads."""
    keys = PLUGINS.get(found.name, "").split()
    for place, argument in enumerate(found.arguments):
        if keys and (argument.key in keys or (place == 0 and not argument.key)):
            yield argument.value


def formats_of(found: Filter) -> Iterator[str]:
    """Yield the input formats that a filter names."""
    if found.name in MOVIES:
        yield from (each.value for each in found.arguments if each.key in {"f", "format_name"})
