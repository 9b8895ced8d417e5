"""What filters can be told, which no list of FFmpeg's says in a form that can be read."""

from typing import Final

OPTIONS: Final = {
    "scale": "w width h height flags interl size eval force_original_aspect_ratio"
    " force_divisible_by in_range out_range in_color_matrix out_color_matrix",
    "crop": "w out_w h out_h x y keep_aspect exact",
    "pad": "w width h height x y color eval aspect",
    "overlay": "x y eof_action eval shortest format repeatlast alpha",
    "fade": "type t start_frame s nb_frames n alpha start_time st duration d color c",
    "afade": "type t start_sample ss nb_samples ns start_time st duration d curve c",
    "drawtext": "fontfile text textfile fontcolor box boxcolor boxborderw borderw bordercolor"
    " font fontsize x y shadowx shadowy shadowcolor alpha enable line_spacing timecode reload",
    "drawbox": "x y width w height h color c thickness t replace enable",
    "subtitles": "filename f original_size fontsdir alpha charenc stream_index si force_style",
    "volume": "volume precision eval replaygain",
    "loudnorm": "I i LRA lra TP tp linear print_format dual_mono measured_I measured_TP",
    "concat": "n v a unsafe",
    "amix": "inputs duration dropout_transition weights normalize",
    "fps": "fps start_time round eof_action",
    "xfade": "transition duration offset expr",
    "zoompan": "zoom z x y d s fps",
    "select": "expr e outputs n",
    "trim": "start starti end endi start_frame end_frame duration durationi",
    "atrim": "start starti end endi start_sample end_sample duration durationi",
    "color": "color c size s rate r duration d sar",
    "testsrc": "size s rate r duration d sar decimals n",
    "sine": "frequency f beep_factor b sample_rate r duration d",
}
"""What the filters that are used most can be told."""
VARIABLES: Final = frozenset(
    """
    iw ih in_w in_h ow oh out_w out_h a sar dar hsub vsub ohsub ovsub t n pos x y main_w main_h
    overlay_w overlay_h text_w text_h tw th line_h lh max_glyph_h max_glyph_w w h zoom on in_time
    duration PTS STARTPTS TB N T SR FRAME_RATE
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
COLORS: Final = tuple(
    """
    black white red green blue yellow cyan magenta gray grey orange purple pink brown navy teal
    maroon lime olive silver gold violet indigo turquoise transparent
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
