"""Whatever a command looks like and FFmpeg says of it, explaining it works."""

from hypothesis import given
from hypothesis import strategies as st

from renderio_box.ffmpeg.complaints.rule import Asked
from renderio_box.ffmpeg.explanations import explanation_of
from renderio_box.jobs.invocation import Build
from renderio_box.jobs.words import split_words

BUILD = Build(
    version="9.0.2",
    options=frozenset({"i", "map"}),
    demuxers=frozenset({"mov"}),
    encoders=frozenset({"libx264", "aac", "libvpx-vp9", "libopus", "libmp3lame"}),
    filters=frozenset({"scale", "split", "crop"}),
)
PATHS = {"in_a": "../in/in_a.mp4", "out_c": "c.mp4"}
LINES = (
    *("Unknown encoder 'x'", "Unknown decoder 'libx264'", "Cannot load libcuda.so.1"),
    *(
        "not divisible by 2 (63x35)",
        "Stream map '0:a' matches no streams",
        "Stream map '' matches no streams",
    ),
    *("Unrecognized option 'i'.", "Missing argument for option 'vf'.", "Unrecognized option '-'."),
    "Option map (x) cannot be applied to input url a -- you",
    "At least one output file must be specified",
    "Value 1.0 for parameter 't' out of range [2 - 3]",
    "Error setting option b to value 5kbps.",
    "Stream specifier ':a' in filtergraph description [0:a]x[a] matches no streams",
    "Stream specifier '' in filtergraph description  matches no streams",
    "Output with label '' does not exist in any defined filter graph",
    "Filter 'split' has output 1 (b) unconnected",
    "Simple filtergraph '(null)' was expected to have exactly 1 input and 1 output",
    "Filtering and streamcopy cannot be used together",
    "Undefined constant or missing '(' in 'iww'",
    "Unable to choose an output format for 'a.mp4'",
    "Only VP8 or VP9 or AV1 video and Vorbis or Opus audio",
    "Could not find tag for codec subrip in stream #1, codec not currently supported",
    "Cannot write more than one file with the same name",
    "Error opening input file a.mp4.\nError opening input files: No such file",
    "Invalid data found when processing input",
    "Invalid input file index: 7.",
)
graphs = st.sampled_from(["scale=63:-1", "[0:v]split[a][b]", "select=lt(n,2)", "scle=1,", "[", "'"])
words = st.sampled_from(
    [
        *("-i", "-", "--", "-y", "-an", "-map", "0:a", "[a]", "-vf", "-filter_complex", "-c:v"),
        *("copy", "x", "-c", "-f", "lavfi", "-b:v", "5kbps", "a.mp4", "{{in_a}}", "{{out_c}}"),
    ]
)


@given(
    st.lists(words | graphs | st.text(max_size=5), max_size=15),
    st.lists(st.sampled_from(LINES) | st.text(max_size=40), max_size=4),
)
def test_a_suggestion_is_another_command_that_can_be_split(
    listed: list[str], said: list[str]
) -> None:
    asked = Asked(words=tuple(listed), paths=PATHS, build=BUILD)

    found = explanation_of("\n".join(said), asked)

    assert found is None or found.sentence.endswith(".")
    if found is not None and found.suggestion is not None:
        assert split_words(found.suggestion) != listed
