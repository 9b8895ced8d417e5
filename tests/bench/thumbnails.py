"""Twenty thumbnails through the box against the same work by xargs: the ratio of makespans.

    python -m tests.bench.thumbnails [--rounds 5]

Both sides run the same FFmpeg command and the same ffprobe call, with the same binaries,
as many at a time as there are CPUs. The box's side is from the first submit to the last
``finished_at``, on the same machine's clock; everything it adds (HTTP, SQLite, hashing,
fsync) is in it, and so is a client that polls four times a second.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path

from tests.running_box import FINAL, RunningBox, scratch_box

COUNT = 20
POLLED_EVERY_S = 0.25
CLIP = Path(__file__).parents[2] / "renderio_box" / "assets" / "bbb-720p-5s.mp4"


def seek(number: int) -> str:
    return f"{number * 0.25:.2f}"


def box_round(box: RunningBox, file_id: str) -> float:
    started = time.time()
    ids = [
        box.submit(
            f"-ss {seek(number)} -i {{{{in_v}}}} -frames:v 1 {{{{out_t}}}}",
            {"out_t": "thumb.jpg"},
            input_files={"in_v": file_id},
        )
        for number in range(COUNT)
    ]
    while not all(box.poll(each)["status"] in FINAL for each in reversed(ids)):
        time.sleep(POLLED_EVERY_S)
    ends = [box.poll(each) for each in ids]
    if {polled["status"] for polled in ends} != {"SUCCESS"}:
        raise SystemExit(f"the box failed: {ends}")
    return max(datetime.fromisoformat(end["finished_at"]).timestamp() for end in ends) - started


def xargs_round(cpus: int) -> float:
    ffmpeg, ffprobe = shutil.which("ffmpeg"), shutil.which("ffprobe")
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory, "one.sh")
        script.write_text(
            f'{ffmpeg} -hide_banner -nostdin -y -ss "$1" -i {CLIP} -frames:v 1 {directory}/$1.jpg'
            f" 2>{directory}/$1.log && {ffprobe} -v error -of json -show_format -show_streams"
            f" {directory}/$1.jpg >{directory}/$1.json\n"
        )
        arguments = "\n".join(seek(number) for number in range(COUNT))
        started = time.monotonic()
        subprocess.run(
            ["xargs", "-P", str(cpus), "-n", "1", "sh", str(script)],
            input=arguments.encode(),
            check=True,
        )
        elapsed = time.monotonic() - started
        made = len(list(Path(directory).glob("*.jpg")))
    if made != COUNT:
        raise SystemExit(f"xargs made {made} of {COUNT} thumbnails")
    return elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    cpus = len(os.sched_getaffinity(0))
    ratios = []
    with scratch_box() as box:
        file_id = str(box.upload(CLIP)["file_id"])
        box_round(box, file_id)
        xargs_round(cpus)
        for number in range(1, rounds + 1):
            ours, theirs = box_round(box, file_id), xargs_round(cpus)
            ratios.append(ours / theirs)
            print(
                f"round {number}: box {ours:.3f} s, xargs -P {cpus} {theirs:.3f} s, ratio {ours / theirs:.3f}"
            )
    print(f"median ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")


if __name__ == "__main__":
    main()
