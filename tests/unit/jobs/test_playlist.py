import pytest

from renderio_box.jobs.playlist import (
    MAX_REPRESENTATIONS,
    MAX_TEMPLATES,
    UnusablePlaylistError,
    named_by,
    pattern_of,
)

HLS = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-KEY:METHOD=AES-128,URI="enc.key",IV=0x00
#EXT-X-MAP:URI="init.mp4",BYTERANGE="100@0"
#EXTINF:6.000000,
seg_000.m4s
#EXTINF:6.000000,
#EXT-X-BYTERANGE:100@200

# a comment that names no.ts
sub/seg_001.m4s
#EXT-X-ENDLIST
"""
MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="one, two",DEFAULT=YES,URI="audio.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=160x90,AUDIO="a"
v0/prog.m3u8
"""
DASH = """<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns:xlink="http://www.w3.org/1999/xlink" mediaPresentationDuration="PT2.0S">
  <Period><AdaptationSet id="9">
    <Representation id="0" mimeType="video/mp4" bandwidth="102736">
      <SegmentTemplate timescale="1" initialization="init-stream$RepresentationID$.m4s"
                       media="chunk-stream$RepresentationID$-$Number%05d$.m4s" startNumber="1"/>
    </Representation>
    <Representation mimeType="audio/mp4" id="1">
      <SegmentTemplate media='a-$RepresentationID$-$Time$-$Bandwidth$.m4s' />
    </Representation>
  </AdaptationSet></Period>
</MPD>
"""


def paths(text: str, at: str = "playlist.m3u8") -> set[str]:
    return set(named_by(text, at=at).paths)


def matched(text: str, *candidates: str, at: str = "manifest.mpd") -> set[str]:
    return set(named_by(text, at=at).among(candidates))


def test_a_media_playlist_names_its_segments_its_map_and_its_key() -> None:
    assert paths(HLS) == {"enc.key", "init.mp4", "seg_000.m4s", "sub/seg_001.m4s"}


def test_a_master_playlist_names_its_variants_and_renditions() -> None:
    assert paths(MASTER) == {"audio.m3u8", "v0/prog.m3u8"}


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_it_does_not_matter_how_lines_end(ending: str) -> None:
    assert paths(f"#EXTM3U{ending or chr(10)}  a.ts {ending}") == {"a.ts"}


@pytest.mark.parametrize("text", ["", "#EXTM3U\n", "\n\n", '#EXT-X-KEY:METHOD=NONE,URI=""\n', "?x"])
def test_a_playlist_may_name_nothing(text: str) -> None:
    assert paths(text) == set()


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://cdn.example.org/seg.ts",
        "//cdn.example.org/seg.ts",
        "/media/seg.ts",
        "data:text/plain;base64,AAAA",
        "file:///etc/passwd",
        "//[broken",
    ],
)
def test_what_leads_elsewhere_is_left_alone(elsewhere: str) -> None:
    assert paths(f'{elsewhere}\n#EXT-X-KEY:URI="{elsewhere}"\n') == set()


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        ("my%20seg.ts", "my seg.ts"),
        ("my seg.ts", "my seg.ts"),
        ("%C3%A9.ts", "é.ts"),
        ("seg.ts?token=1#t=2", "seg.ts"),
        ("./a//b.ts", "a/b.ts"),
        ("a/../b.ts", "b.ts"),
        ("100%25.ts", "100%.ts"),
        ("%ff.ts", "\ufffd.ts"),
    ],
)
def test_a_name_is_read_as_a_player_reads_it(reference: str, path: str) -> None:
    assert paths(reference) == {path}


@pytest.mark.parametrize("reference", ["../a.ts", "%2e%2e/a.ts", "%2e%2e%2fa.ts", "x/../../a.ts"])
def test_a_name_that_leads_out_of_the_directory_is_seen_to(reference: str) -> None:
    assert paths(reference) == {"../a.ts"}


def test_a_name_that_hides_a_leading_slash_is_seen_to() -> None:
    assert paths("%2Fetc/passwd") == {"/etc/passwd"}


def test_names_in_a_nested_playlist_are_relative_to_it() -> None:
    assert paths("seg.ts\n../key\n", at="v0/prog.m3u8") == {"v0/seg.ts", "key"}


def test_a_manifest_names_all_chunks_of_its_representations() -> None:
    chunks = ("chunk-stream0-00001.m4s", "chunk-stream1-123456.m4s", "init-stream1.m4s")
    audio = ("a-1-0-128000.m4s",)

    assert matched(DASH, *chunks, *audio) == {*chunks, *audio}


@pytest.mark.parametrize(
    "other",
    [
        "chunk-stream0-001.m4s",
        "chunk-stream9-00001.m4s",
        "chunk-stream0-00001.m4s.tmp",
        "sub/chunk-stream0-00001.m4s",
        "chunk-stream0-0000x.m4s",
        "init-streamX.m4s",
        "manifest.mpd",
    ],
)
def test_a_manifest_names_no_other_file(other: str) -> None:
    assert matched(DASH, other) == set()


def test_a_manifest_may_name_whole_files() -> None:
    text = (
        "<BaseURL>dir/</BaseURL><BaseURL> a&amp;b.mp4 </BaseURL><BaseURL>https://x/y</BaseURL>"
        '<Initialization sourceURL="init%200.m4s"/><SegmentURL media="chunk-1.m4s" '
        'mediaRange="0-1"/>'
    )

    assert paths(text, at="manifest.mpd") == {"a&b.mp4", "init 0.m4s", "chunk-1.m4s"}


@pytest.mark.parametrize(
    ("template", "path", "fits"),
    [
        ("a$$b$Number$.m4s", "a$b7.m4s", True),
        ("$Number$-$Number$.m4s", "3-3.m4s", True),
        ("$Number$-$Number$.m4s", "3-4.m4s", False),
        ("v$RepresentationID$/$SubNumber%03d$.m4s", "vlow/012.m4s", True),
        ("my%20$Number$.m4s", "my 1.m4s", True),
        ("$Number%05d$.m4s", "00012.m4s", True),
        ("$Other$.m4s", "$Other$.m4s", True),
        ("$Number$.m4s", "\u0661.m4s", False),
        ("a.$Number$", "ax1", False),
    ],
)
def test_a_template_stands_for_names(template: str, path: str, fits: bool) -> None:  # noqa: FBT001
    assert bool(pattern_of(template, ["low", "high"]).fullmatch(path)) is fits


def test_a_template_for_no_representation_stands_for_no_name() -> None:
    assert matched('<SegmentTemplate media="$RepresentationID$.m4s"/>', "0.m4s", ".m4s") == set()


@pytest.mark.parametrize(
    "text",
    [
        "".join(f'<a media="{number}-$Number$"/>' for number in range(MAX_TEMPLATES + 1)),
        "".join(f'<Representation id="{number}"/>' for number in range(MAX_REPRESENTATIONS + 1)),
    ],
)
def test_a_manifest_without_measure_is_not_followed(text: str) -> None:
    with pytest.raises(UnusablePlaylistError, match="more than 64 templates"):
        named_by(text, at="manifest.mpd")


@pytest.mark.parametrize(
    "text",
    [
        "<BaseURL" * 100_000,
        "<BaseURL>" * 100_000,
        "<Representation " * 100_000,
        '<Representation id="' * 100_000,
        "media" * 200_000,
        'media="' * 150_000,
        "media='" * 150_000,
        '#EXT:URI="' * 100_000,
        "&" * 1_000_000,
    ],
    ids=range(9),
)
@pytest.mark.parametrize("at", ["a.m3u8", "a.mpd"])
@pytest.mark.timeout(5)
def test_reading_takes_no_longer_than_the_text_is_long(text: str, at: str) -> None:
    named_by(text, at=at)


@pytest.mark.timeout(5)
def test_matching_takes_no_longer_than_the_name_is_long() -> None:
    ids = [str(1) * length for length in range(1, 200)]
    pattern = pattern_of("$RepresentationID$" * 30 + "$Number$$Time$$Bandwidth$x", ids)

    assert pattern.fullmatch("1" * 255) is None
