import pytest

from renderio_box.jobs.plain_filters import NothingLikeItError, plain_graph, with_plain_filters


@pytest.mark.parametrize(
    ("graph", "plain"),
    [
        ("scale_cuda=1280:720", "scale=1280:720"),
        ("scale_cuda=1280:-1:format=yuv420p", "scale=1280:-2"),
        ("scale_vaapi=w=1280:h=-1:format=nv12:mode=hq", "scale=w=1280:h=-2"),
        ("scale_npp=1280:720:interp_algo=super", "scale=1280:720"),
        ("scale_qsv=w=iw/2:h=ih/2", "scale=w=iw/2:h=ih/2"),
        ("vpp_qsv=w=64:h=36:async_depth=4", "scale=w=64:h=36"),
        ("deinterlace_vaapi", "yadif"),
        ("deinterlace_vaapi=rate=field:auto=1", "yadif=send_field"),
        ("yadif_cuda=1:-1:0", "yadif=1:-1:0"),
        ("denoise_vaapi=10", "hqdn3d"),
        ("format=nv12,hwupload", "null"),
        ("format=nv12|vaapi,hwupload,scale_vaapi=64:36", "scale=64:36"),
        ("hwdownload,format=nv12,eq=gamma=2", "eq=gamma=2"),
        ("hwmap=derive_device=qsv,format=qsv", "null"),
        ("scale_vulkan=w=64:h=36,hwdownload,format=yuv420p", "scale=w=64:h=36,format=yuv420p"),
        ("[0:v]hwupload_cuda[a];[a][1:v]overlay_cuda=x=1:y=2[v]", "[0:v]null[a];[a][1:v]overlay=x=1:y=2[v]"),
        ("[0:v]split[a][b];[a]hwupload,scale_cuda=64:36[v]", "[0:v]split[a][b];[a]scale=64:36[v]"),
        ("hflip_vulkan@x,vflip_vulkan", "hflip,vflip"),
        ("scale_cuda=w='min(64,iw)':h=-2", "scale=w='min(64,iw)':h=-2"),
        ("eq=gamma=2,format=nv12", "eq=gamma=2,format=nv12"),
        ("drawtext=text=my_cuda", "drawtext=text=my_cuda"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_graph_is_written_without_devices(graph: str, plain: str) -> None:
    assert plain_graph(graph) == plain


@pytest.mark.parametrize(
    "graph", ["vpp_qsv=framerate=30", "vpp_qsv=w=64:deinterlace=2", "procamp_vaapi=b=10"]
)
def test_what_has_no_equal_is_not_made_up(graph: str) -> None:
    with pytest.raises(NothingLikeItError):
        with_plain_filters(("-i", "a", "-vf", graph, "b"), frozenset({"scale", "yadif"}))


def test_a_filter_that_would_do_nothing_is_left_out() -> None:
    words = ("-i", "a", "-vf", "format=nv12,hwupload", "-c:v", "h264_vaapi", "b")

    assert with_plain_filters(words, frozenset()) == ("-i", "a", "-c:v", "h264_vaapi", "b")
