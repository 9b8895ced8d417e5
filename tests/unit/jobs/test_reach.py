import pytest

from renderio_box.jobs.reach import FONT_DIRECTORIES, OWN_DEVICES, fault_of, targets_in

NETWORK = "which is on the network"
ABSOLUTE = "which is an absolute path"
UPWARDS = "which leads out of the command's own directory"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("/", ABSOLUTE),
        ("/dev/sda", ABSOLUTE),
        ("/dev/null/..", ABSOLUTE),
        ("/dev/nullx", ABSOLUTE),
        ("/usr/share/fontsx/a.ttf", ABSOLUTE),
        ("/usr/share/fonts/../../../etc/passwd", ABSOLUTE),
        ("/usr/share/fonts/..", ABSOLUTE),
        ("..", UPWARDS),
        ("a/b/../../../c", UPWARDS),
        ("a//..//..", UPWARDS),
        ("~", "which is in a home directory"),
        ("~/x", "which is in a home directory"),
        ("file:file:/x", ABSOLUTE),
        ("FILE:/x", ABSOLUTE),
        ("concat:a|b|../c", UPWARDS),
        (r"concat:a|\/c", ABSOLUTE),
        ("crypto+file:/x", ABSOLUTE),
        ("crypto+/x", None),
        ("async:cache:http://h/", NETWORK),
        ("hls+http://h/a.m3u8", NETWORK),
        ("ffrtmphttp:x", NETWORK),
        ("git+ssh://h/x", NETWORK),
        ("fd:7", "which is a channel to another program"),
        ("pipe:0", "which is a channel to another program"),
        ("bluray:/x", "which is not in the command's own directory"),
    ],
)
def test_a_name_that_leads_outside_is_faulted(name: str, fault: str | None) -> None:
    assert fault_of(name) == fault


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "a", "a.mp4", "./a", "a/b", "a/..", "a/../b", "...", "..a", ".../a"),
        *("-", "pipe:", "pipe:1", "pipe:2", "fd:", "fd:1", "md5:", "md5:sum.txt"),
        *("12:00.mp4", "C:/x", "x:y", "a b:c", "~a.mp4", "a~", "a/~/b", "100%.mp4", "%d.png"),
        *("{{in_a}}", "file:{{in_a}}", "{{in_a}}.idx", "concat:{{in_a}}|{{in_b}}"),
        *("data:,/etc/passwd", "data:text/plain,http://h/", "http", "http.mp4", "tcp-dump.ts"),
        *("a/http://b", "x=http://b", *sorted(OWN_DEVICES), *FONT_DIRECTORIES),
        *("/usr/share/fonts", "/usr/share/fonts/a/../b.ttf"),
    ],
)
def test_a_name_that_may_be_the_commands_own_passes(name: str) -> None:
    assert fault_of(name) is None


def test_targets_are_told_apart_from_their_options() -> None:
    targets = list(targets_in("[f=mpegts:select=v]a.ts|b.mp4|[odd"))

    assert [target.name for target in targets] == ["a.ts", "b.mp4", ""]
    assert [[(option.key, option.value) for option in target.options] for target in targets] == [
        [("f", "mpegts"), ("select", "v")],
        [],
        [("", "odd")],
    ]
