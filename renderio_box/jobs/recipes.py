"""The presets that come with the box. Their ids never change."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from renderio_box.identifiers import PresetId
from renderio_box.jobs.preset import Preset, Recipe

MADE_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)

RECIPES: Final = (
    Recipe(
        name="MP4 to WebM",
        description="Encode a video as VP9 and Opus in WebM, for web pages.",
        category="convert",
        commands=(
            (
                "-i {{in_video}} -c:v libvpx-vp9 -crf 32 -b:v 0 -deadline good -cpu-used 4 -row-mt 1"
                " -pix_fmt yuv420p -c:a libopus -b:a 128k -ac 2 {{out_video}}"
            ),
        ),
        inputs={"in_video": ""},
        outputs={"out_video": "video.webm"},
    ),
    Recipe(
        name="Extract MP3",
        description="Take the sound out of a video, as an MP3 of about 190 kbit/s.",
        category="audio",
        commands=("-i {{in_video}} -vn -c:a libmp3lame -q:a 2 {{out_audio}}",),
        inputs={"in_video": ""},
        outputs={"out_audio": "audio.mp3"},
    ),
    Recipe(
        name="Resize to 720p",
        description="Scale a video to a height of 720 pixels; the width follows.",
        category="resize",
        commands=(
            (
                "-i {{in_video}} -vf scale=-2:720 -c:v libx264 -crf 23 -pix_fmt yuv420p"
                " -c:a aac -b:a 128k -movflags +faststart {{out_video}}"
            ),
        ),
        inputs={"in_video": ""},
        outputs={"out_video": "720p.mp4"},
    ),
    Recipe(
        name="Compress",
        description="Make a video smaller at the same size of picture, as H.264 and AAC in MP4.",
        category="compress",
        commands=(
            (
                "-i {{in_video}} -vf scale=trunc(iw/2)*2:trunc(ih/2)*2 -c:v libx264 -crf 28"
                " -preset slow -pix_fmt yuv420p -c:a aac -b:a 96k -movflags +faststart {{out_video}}"
            ),
        ),
        inputs={"in_video": ""},
        outputs={"out_video": "compressed.mp4"},
    ),
    Recipe(
        name="Thumbnail at 5 seconds",
        description="Take the picture that a video shows after five seconds, as a JPEG.",
        category="image",
        commands=("-ss 5 -i {{in_video}} -frames:v 1 -update 1 -q:v 2 {{out_image}}",),
        inputs={"in_video": ""},
        outputs={"out_image": "thumbnail.jpg"},
    ),
    Recipe(
        name="Watermark",
        description="Lay a picture over a video, ten pixels from its lower right corner.",
        category="overlay",
        commands=(
            (
                "-i {{in_video}} -i {{in_logo}} -filter_complex"
                " [0:v][1:v]overlay=W-w-10:H-h-10,scale=trunc(iw/2)*2:trunc(ih/2)*2[v]"
                " -map [v] -map 0:a? -c:v libx264 -crf 23 -pix_fmt yuv420p -c:a aac -b:a 128k"
                " -movflags +faststart {{out_video}}"
            ),
        ),
        inputs={"in_video": "", "in_logo": ""},
        outputs={"out_video": "watermarked.mp4"},
    ),
    Recipe(
        name="GIF",
        description="Make a looping GIF, 480 pixels wide at 10 pictures a second, of a short clip.",
        category="image",
        commands=(
            (
                "-i {{in_video}} -filter_complex [0:v]fps=10,scale=480:-1:flags=lanczos,split[a][b];"
                "[a]palettegen[palette];[b][palette]paletteuse -loop 0 {{out_gif}}"
            ),
        ),
        inputs={"in_video": ""},
        outputs={"out_gif": "clip.gif"},
    ),
    Recipe(
        name="Trim 10 to 30 seconds",
        description="Keep what a video shows between its seconds 10 and 30, cut to the frame.",
        category="edit",
        commands=(
            (
                "-ss 10 -i {{in_video}} -t 20 -vf scale=trunc(iw/2)*2:trunc(ih/2)*2 -c:v libx264"
                " -crf 20 -pix_fmt yuv420p -c:a aac -b:a 160k -movflags +faststart {{out_video}}"
            ),
        ),
        inputs={"in_video": ""},
        outputs={"out_video": "trimmed.mp4"},
    ),
    Recipe(
        name="Mute",
        description="Take the sound off a video; the pictures stay as they are. For those that MP4"
        " does not take, give the output a name that ends in .mov or .mkv.",
        category="audio",
        commands=("-i {{in_video}} -map 0:v -c copy -an {{out_video}}",),
        inputs={"in_video": ""},
        outputs={"out_video": "muted.mp4"},
    ),
    Recipe(
        # Without a rate of its own, hstack repeats pictures of unlike rates tens of thousands
        # of times a second.
        name="Side by side",
        description="Show two videos beside each other, 720 pixels high at 30 pictures a second,"
        " with the sound of the left one, until the shorter one ends.",
        category="overlay",
        commands=(
            (
                "-i {{in_left}} -i {{in_right}} -filter_complex"
                " [0:v]fps=30,scale=-2:720,setsar=1[left];[1:v]fps=30,scale=-2:720,setsar=1[right];"
                "[left][right]hstack=inputs=2:shortest=1[v] -map [v] -map 0:a? -shortest"
                " -c:v libx264 -crf 23 -pix_fmt yuv420p -c:a aac -b:a 128k -movflags +faststart"
                " {{out_video}}"
            ),
        ),
        inputs={"in_left": "", "in_right": ""},
        outputs={"out_video": "side_by_side.mp4"},
    ),
)

SYSTEM_PRESETS: Final[Mapping[PresetId, Preset]] = {
    preset.id: preset
    for preset in (
        Preset(
            id=PresetId(f"00000000-0000-8000-8000-{number:012}"),
            owner=None,
            recipe=recipe,
            created_at=MADE_AT,
            updated_at=MADE_AT,
        )
        for number, recipe in enumerate(RECIPES, start=1)
    )
}
