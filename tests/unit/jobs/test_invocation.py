import pytest

from renderio_box.jobs.command_line import InvalidCommandError
from renderio_box.jobs.invocation import CONTROL, PROTOCOLS, Build, adapt, invoke
from tests.unit.samples import NEW_BUILD, OLD_BUILD

BEGINNING = (*CONTROL, "-progress", "pipe:1")
ALLOWED = ("-protocol_whitelist", PROTOCOLS)
BUILD = Build(version="7.1", options=frozenset(), demuxers=frozenset())


def test_the_whole_command_line() -> None:
    invoked = invoke(("-ss", "1", "-i", "a.mp4", "-c:v", "libx264", "b.mp4"), BUILD, threads=None)

    assert invoked == (
        *("-hide_banner", "-nostdin", "-y", "-nostats", "-stats_period", "0.5"),
        *("-progress", "pipe:1"),
        *("-ss", "1"),
        *("-protocol_whitelist", "file,crypto,data,concat,subfile,async,cache"),
        *("-i", "a.mp4"),
        *("-c:v", "libx264", "b.mp4"),
    )


def test_the_protocol_whitelist_stands_directly_before_every_input() -> None:
    invoked = invoke(("-f", "lavfi", "-i", "a", "-re", "-i", "b", "c.mp4"), BUILD, threads=None)

    assert invoked == (
        *BEGINNING,
        *("-f", "lavfi", *ALLOWED, "-i", "a"),
        *("-re", *ALLOWED, "-i", "b"),
        "c.mp4",
    )


def test_a_callers_protocol_whitelist_comes_before_ours_and_so_loses() -> None:
    invoked = invoke(("-protocol_whitelist", "file,http", "-i", "a", "b.mp4"), BUILD, threads=None)

    assert invoked[len(BEGINNING) :] == (
        *("-protocol_whitelist", "file,http", *ALLOWED, "-i", "a"),
        "b.mp4",
    )


@pytest.mark.parametrize(
    ("name", "formats"),
    [
        ("../in/in_video.mp4", "mov,mp4,mpegts"),
        ("../in/in_list.m3u8", "hls,mov,mp4,mpegts"),
        ("img%03d.png", "mov,mp4,mpegts"),
    ],
)
def test_an_input_whose_format_is_left_open_is_no_list_unless_its_name_says_so(
    name: str, formats: str
) -> None:
    invoked = invoke(("-i", name, "b.mp4"), NEW_BUILD, threads=None)

    assert invoked == (*BEGINNING, *ALLOWED, "-format_whitelist", formats, "-i", name, "b.mp4")


def test_an_input_whose_format_is_named_may_be_a_list() -> None:
    words = ("-f", "concat", "-safe", "0", "-i", "list.txt", "-i", "a.mp4", "b.mp4")

    invoked = invoke(words, NEW_BUILD, threads=None)

    assert invoked == (
        *BEGINNING,
        *("-f", "concat", "-safe", "0", *ALLOWED, "-i", "list.txt"),
        *(*ALLOWED, "-format_whitelist", "mov,mp4,mpegts", "-i", "a.mp4"),
        "b.mp4",
    )


def test_a_callers_format_whitelist_comes_before_ours_and_so_loses() -> None:
    words = ("-format_whitelist", "hls", "-i", "a.mp4", "b.mp4")

    assert invoke(words, NEW_BUILD, threads=None)[len(BEGINNING) :] == (
        *("-format_whitelist", "hls", *ALLOWED, "-format_whitelist", "mov,mp4,mpegts"),
        *("-i", "a.mp4", "b.mp4"),
    )


@pytest.mark.parametrize("network", ["http", "https", "tcp", "udp", "rtmp", "ftp", "pipe", "fd"])
def test_no_input_can_be_opened_over_the_network_or_from_a_pipe(network: str) -> None:
    assert network not in PROTOCOLS.split(",")


@pytest.mark.parametrize(
    "words",
    [("-y",), ("-n",), ("-stdin",), ("-nostdin",), ("-progress", "-"), ("-stats_period", "9")],
)
def test_what_the_box_decides_itself_is_dropped(words: tuple[str, ...]) -> None:
    invoked = invoke((*words, "-i", "a", *words, "b.mp4", *words), BUILD, threads=None)

    assert invoked == (*BEGINNING, *ALLOWED, "-i", "a", "b.mp4")


def test_a_y_that_is_a_value_is_kept() -> None:
    assert invoke(("-metadata", "-y", "b.mp4"), BUILD, threads=None)[-3:] == (
        "-metadata",
        "-y",
        "b.mp4",
    )


def test_a_job_that_is_not_pinned_leaves_threads_to_ffmpeg() -> None:
    assert "-threads" not in invoke(("-i", "a", "b.mp4"), BUILD, threads=None)


def test_a_pinned_job_bounds_every_decoder_encoder_and_filter_graph() -> None:
    invoked = invoke(("-i", "a", "-i", "b", "-c:a", "aac", "c.mp4", "d.mp4"), BUILD, threads=2)

    assert invoked == (
        *BEGINNING,
        *("-filter_threads", "2", "-filter_complex_threads", "2"),
        *("-threads", "2", *ALLOWED, "-i", "a"),
        *("-threads", "2", *ALLOWED, "-i", "b"),
        *("-threads", "2", "-c:a", "aac", "c.mp4"),
        *("-threads", "2", "d.mp4"),
    )


@pytest.mark.parametrize("option", ["-threads", "-threads:v"])
def test_a_callers_own_threads_are_not_overridden(option: str) -> None:
    invoked = invoke(("-i", "a", option, "1", "b.mp4"), BUILD, threads=4)

    assert invoked[-5:] == ("-i", "a", option, "1", "b.mp4")


def test_threads_of_one_file_do_not_speak_for_the_next() -> None:
    invoked = invoke(("-threads", "1", "-i", "a", "b.mp4"), BUILD, threads=4)

    assert invoked[-3:] == ("-threads", "4", "b.mp4")


def test_options_after_the_last_output_get_no_threads() -> None:
    assert invoke(("b.mp4", "-shortest"), BUILD, threads=4)[-4:] == (
        "-threads",
        "4",
        "b.mp4",
        "-shortest",
    )


def test_a_build_that_knows_every_option_changes_nothing() -> None:
    arguments = ("-i", "a", "-vsync", "0", "-async", "1", "-map_channel", "0.1.0", "b.mp4")

    adapted = adapt(arguments, OLD_BUILD)

    assert (adapted.arguments, adapted.warnings) == (arguments, ())


@pytest.mark.parametrize(
    ("method", "mode"),
    [
        ("-1", "auto"),
        ("0", "passthrough"),
        ("1", "cfr"),
        ("2", "vfr"),
        ("drop", "passthrough"),
        ("cfr", "cfr"),
        ("vfr", "vfr"),
    ],
)
def test_vsync_gets_its_present_name_where_the_build_lacks_it(method: str, mode: str) -> None:
    adapted = adapt(("-i", "a", "-vsync", method, "b.mp4"), NEW_BUILD)

    assert adapted.arguments == ("-i", "a", "-fps_mode", mode, "b.mp4")


def test_vsync_is_global_and_so_reaches_every_output() -> None:
    adapted = adapt(("-vsync", "1", "-i", "a", "b.mp4", "-an", "c.mp4"), NEW_BUILD)

    assert adapted.arguments == (
        *("-i", "a", "-fps_mode", "cfr", "b.mp4"),
        *("-an", "-fps_mode", "cfr", "c.mp4"),
    )


def test_the_last_of_several_vsyncs_wins() -> None:
    adapted = adapt(("-vsync", "0", "-i", "a", "-vsync", "2", "b.mp4"), NEW_BUILD)

    assert adapted.arguments == ("-i", "a", "-fps_mode", "vfr", "b.mp4")


def test_a_translated_vsync_is_told_once() -> None:
    adapted = adapt(("-vsync", "0", "-i", "a", "b.mp4", "c.mp4"), NEW_BUILD)

    assert adapted.warnings == (
        "-vsync was passed as -fps_mode passthrough, because FFmpeg 9.0.2 no longer knows it.",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("-filter_complex_script", "g.txt"), ("-/filter_complex", "g.txt")),
        (("-filter_script:v", "g.txt"), ("-/filter:v", "g.txt")),
        (("-absf", "aac_adtstoasc"), ("-bsf:a", "aac_adtstoasc")),
        (("-vbsf", "h264_mp4toannexb"), ("-bsf:v", "h264_mp4toannexb")),
        (("-psnr",), ()),
        (("-qphist",), ()),
        (("-adrift_threshold", "0.1"), ()),
    ],
)
def test_a_dropped_option_is_replaced_or_left_out(
    before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    adapted = adapt(("-i", "a", *before, "b.mp4"), NEW_BUILD)

    assert adapted.arguments == ("-i", "a", *after, "b.mp4")


@pytest.mark.parametrize(
    ("words", "warning"),
    [
        (("-psnr",), "-psnr was left out, because FFmpeg 9.0.2 no longer knows it."),
        (("-absf", "x"), "-absf was passed as -bsf:a, because FFmpeg 9.0.2 no longer knows it."),
    ],
)
def test_a_change_to_the_command_is_told(words: tuple[str, ...], warning: str) -> None:
    assert adapt((*words, "b.mp4"), NEW_BUILD).warnings == (warning,)


@pytest.mark.parametrize(
    ("words", "replacement"),
    [
        (("-map_channel", "0.1.0"), r"Use -af pan=… or -filter_complex channelsplit\."),
        (("-async", "1"), r"Use -af aresample=async=1\."),
        (("-vol", "128"), r"Use -af volume=…\."),
        (("-top", "1"), r"Use -vf setfield=tff or setfield=bff\."),
    ],
)
def test_an_option_that_only_the_caller_can_replace_is_refused_naming_the_replacement(
    words: tuple[str, ...], replacement: str
) -> None:
    with pytest.raises(InvalidCommandError, match=replacement):
        adapt(("-i", "a", *words, "b.mp4"), NEW_BUILD)


def test_options_that_no_build_names_are_passed_on() -> None:
    arguments = ("-i", "a", "-crf", "23", "-x264-params", "keyint=30", "b.mp4")

    assert adapt(arguments, NEW_BUILD).arguments == arguments


@pytest.mark.parametrize(
    "arguments", [("-i", "{{in_a}}", "{{in_a}}"), ("-i", "{{in_a}}", "{{out_b}}", "{{in_b}}")]
)
def test_an_input_cannot_stand_where_an_output_is_written(arguments: tuple[str, ...]) -> None:
    with pytest.raises(InvalidCommandError, match="is an input but stands where an output"):
        adapt(arguments, OLD_BUILD)


def test_an_output_may_be_read_again() -> None:
    arguments = ("-i", "{{out_a}}", "{{out_b}}")

    assert adapt(arguments, OLD_BUILD).arguments == arguments


def test_a_build_knows_its_main_options() -> None:
    build = Build(version="6.0", options=frozenset({"vsync"}), demuxers=frozenset())

    assert (build.knows("vsync"), build.knows("async")) == (True, False)


def test_vsync_before_the_end_of_options_is_translated_before_it() -> None:
    adapted = adapt(("-i", "x", "-vsync", "0", "--", "o.mp4"), NEW_BUILD)

    assert adapted.arguments == ("-i", "x", "-fps_mode", "passthrough", "--", "o.mp4")
