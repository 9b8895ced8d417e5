from renderio_box.ffmpeg.stream_log import complaints, packets_read, written_streams

LOG = """\
Input #0, matroska,webm, from '../in/a.mkv':
  Stream #0:0: Video: h264, yuv420p, 160x90
Stream mapping:
  Stream #0:0 -> #0:0 (copy)
Output #0, mp4, to 'a.mp4':
  Metadata:
    encoder         : Lavf59.27.100
  Stream #0:0(und): Video: h264 (avc1 / 0x31637661), yuv420p, 160x90
    Metadata:
      title           : Stream #0:9: Audio: none
  Stream #0:1(eng): Audio: aac (LC), 44100 Hz
  Stream #0:2: Attachment: ttf
Output #1, wav, to 'b.wav':
  Stream #1:0: Audio: pcm_s16le
frame=  100 fps=0.0 q=-1.0
"""
VERBOSE = """\
[in#0/mov @ 0x55fe] [verbose]   Input stream #0:0 (video): 100 packets read (14 bytes);
[verbose]   Input stream #0:1 (audio): 0 packets read (0 bytes);
[verbose]   Input stream #0:2 (audio): 7 packets read (3 bytes);
"""


def test_streams_are_read_for_every_output() -> None:
    assert written_streams(LOG) == {
        "a.mp4": {"video": 1, "audio": 1, "attachment": 1},
        "b.wav": {"audio": 1},
    }


def test_the_last_of_equal_names_counts() -> None:
    again = "Output #0, mp4, to 'a.mp4':\n  Stream #0:0: Video: h264\n"

    assert written_streams(LOG + again)["a.mp4"] == {"video": 1}


def test_a_log_that_says_nothing_promises_nothing() -> None:
    assert written_streams("") == {}


def test_packets_are_counted_by_kind() -> None:
    assert packets_read(VERBOSE) == {"video": (100,), "audio": (0, 7)}


def test_only_errors_are_complaints() -> None:
    log = "[h264 @ 0x5] [error] bad cabac\n[warning] odd\n[fatal] gone\nerror: not ours\n"

    assert list(complaints(log)) == ["bad cabac", "gone"]


def test_what_nothingness_complains_of_is_none() -> None:
    log = "[null @ 0x5] [error] non monotonically increasing dts\n[out#0/null @ 0x5] [error] x\n"

    assert list(complaints(log)) == []
