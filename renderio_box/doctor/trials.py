"""Trying FFmpeg behind the walls: what encodes, on which device, and whether text is drawn."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from pathlib import Path
from typing import Final

import anyio
import msgspec
from anyio import to_thread

from renderio_box.doctor.finding import Finding, State, problem, warning, well
from renderio_box.ffmpeg.builds import USUAL_ENCODERS, Found
from renderio_box.ffmpeg.failure import ADDRESS
from renderio_box.ffmpeg.hardware import GRAPHICS, SETTING, DeviceSet, nodes_for
from renderio_box.ffmpeg.sandbox import Isolation, Reach
from renderio_box.ffmpeg.walled import run_walled
from renderio_box.jobs.hardware import Hardware, hardware_of
from renderio_box.jobs.software import needs_device

TRIAL_SECONDS: Final = 15.0
AT_ONCE: Final = 2
SAID_BYTES: Final = 64 * 1024
MAX_SAID: Final = 160
PICTURE: Final = ("-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=0.5")
SOUND: Final = ("-f", "lavfi", "-i", "sine=duration=0.2")
SOUNDS: Final = frozenset({"aac", "libmp3lame", "libopus"})
UPLOADED: Final = {
    Hardware.VAAPI: ("vaapi", "format=nv12,hwupload"),
    Hardware.VULKAN: ("vulkan", "format=nv12,hwupload"),
}
"""Hardware that wants pictures in its own memory: its device's type, and what brings them there."""
DRIVERS: Final = {
    Hardware.VAAPI: "apt-get install intel-media-va-driver or mesa-va-drivers, as the card needs",
    Hardware.QSV: "apt-get install intel-media-va-driver libmfx-gen1.2, for an Intel card",
    Hardware.CUDA: "install NVIDIA's driver with libcuda1 and libnvidia-encode1, and reboot",
    Hardware.VULKAN: "apt-get install mesa-vulkan-drivers, or NVIDIA's driver",
}
ANY_DRIVER: Final = "install the driver of its kernel, or take its device out of hardware.devices"
MINIMAL: Final = "apt-get install a complete ffmpeg, or set ffmpeg.ffmpeg to one"


class Trial(msgspec.Struct, frozen=True):
    """How one run went; ``fault`` is what FFmpeg said, empty when all went well."""

    encoder: str
    fault: str


class Laboratory:
    """Runs FFmpeg as the box would for a command, two at once."""

    def __init__(self, found: Found, isolation: Isolation, devices: Sequence[str]) -> None:
        self.found = found
        self.configured = tuple(devices)
        self._isolation = isolation
        self._devices = DeviceSet(map(Path, devices))
        self._room = anyio.CapacityLimiter(AT_ONCE)

    async def run(self, *words: str) -> str:
        """Run FFmpeg and return what it complained of, empty when it ended well."""
        reach = Reach(devices=await self._devices.given(words))
        arguments = self._isolation.arguments(
            self.found.ffmpeg, "-v", "error", "-hide_banner", "-nostdin", *words, reach=reach
        )
        async with self._room:
            try:
                ended = await run_walled(
                    self._isolation, arguments, timeout_s=TRIAL_SECONDS, max_output_bytes=SAID_BYTES
                )
            except TimeoutError:
                return f"no end within {TRIAL_SECONDS:g} s"
        if ended.exit_status == 0:
            return ""
        said = ADDRESS.sub("", ended.complaints.decode(errors="replace")).strip().splitlines()
        return said[0][:MAX_SAID] if said else f"ended with status {ended.exit_status}"

    async def encoded(self, encoder: str) -> Trial:
        """Have half a second encoded."""
        return Trial(encoder, await self.run(*encoding(encoder, self.configured)))

    async def all_encoded(self, encoders: Iterable[str]) -> list[Trial]:
        """Try several encoders; they are returned in their order."""
        trials: dict[str, Trial] = {}

        async def keep(encoder: str) -> None:
            trials[encoder] = await self.encoded(encoder)

        wanted = list(encoders)
        async with anyio.create_task_group() as trying:
            for encoder in wanted:
                trying.start_soon(keep, encoder)
        return [trials[encoder] for encoder in wanted]

    async def fault(self, words: Sequence[str]) -> str:
        """Return what hardware lacks that the words ask for, empty when nothing."""
        return await self._devices.fault(words)


def encoding(encoder: str, devices: Sequence[str]) -> tuple[str, ...]:
    """Return the command that tries an encoder."""
    source = SOUND if encoder in SOUNDS else PICTURE
    output = ("-c:a" if encoder in SOUNDS else "-c:v", encoder, "-f", "null", "-")
    kind = kind_of(encoder)
    if kind is None or kind not in UPLOADED:
        return (*source, *output)
    name, upload = UPLOADED[kind]
    render = [each for each in devices if "render" in each]
    where = f":{render[0]}" if render and kind is Hardware.VAAPI else ""
    device = ("-init_hw_device", f"{name}=dev{where}", "-filter_hw_device", "dev")
    return (*device, *source, "-vf", upload, *output)


def kind_of(encoder: str) -> Hardware | None:
    """Return the hardware of an encoder, None for one that needs none."""
    return next(iter(hardware_of(("-c:v", encoder))), None)


async def software_findings(laboratory: Laboratory) -> AsyncGenerator[Finding]:
    """Yield which of the usual encoders work, all that do in one."""
    trials = await laboratory.all_encoded(
        name for name in USUAL_ENCODERS if name in laboratory.found.encoders
    )
    working = [trial.encoder for trial in trials if not trial.fault]
    if working:
        yield well("encoders", f"{', '.join(working)} work")
    for trial in trials:
        if trial.fault:
            yield problem(f"encoder {trial.encoder}", trial.fault, MINIMAL)
    if missing := laboratory.found.missing_encoders:
        yield warning("encoders", f"{', '.join(missing)} are not in this build", MINIMAL)


async def hardware_findings(laboratory: Laboratory) -> AsyncGenerator[Finding]:
    """Yield one finding for each kind of hardware that the build has encoders for."""
    by_kind: dict[Hardware, list[str]] = {}
    for encoder in sorted(laboratory.found.encoders):
        if needs_device(encoder) and (kind := kind_of(encoder)) is not None:
            by_kind.setdefault(kind, []).append(encoder)
    if not laboratory.configured:
        yield await to_thread.run_sync(unconfigured, tuple(by_kind))
        return
    tried: list[Finding] = []
    for kind, encoders in by_kind.items():
        words = encoding(encoders[0], laboratory.configured)
        if fault := await laboratory.fault(words):
            yield hardware_fault(kind, encoders, fault)
        else:
            tried.append(of_trials(kind, await laboratory.all_encoded(encoders)))
    for finding in excused(tried):
        yield finding


def excused(tried: Sequence[Finding]) -> Iterable[Finding]:
    """Return the findings, no card blamed for what another maker's does, if it does anything."""
    if all(finding.state is not State.OK for finding in tried):
        return tried
    return [well(finding.subject, finding.what) for finding in tried]


def unconfigured(kinds: Sequence[Hardware]) -> Finding:
    """Tell that commands may use no hardware, and whether there is any. Blocks for a moment."""
    offered = ", ".join(sorted(kinds)) or "none"
    if any(not node.is_absent for node in nodes_for((GRAPHICS,), frozenset(kinds))):
        return well(
            "hardware",
            f"commands may use none, though there is {GRAPHICS}: add it to {SETTING} to allow it"
            f" (this FFmpeg knows {offered})",
        )
    return well(
        "hardware", f"commands may use none ({SETTING} is empty), and there is no {GRAPHICS}"
    )


def hardware_fault(kind: Hardware, encoders: Sequence[str], fault: str) -> Finding:
    """Tell what keeps a kind of hardware from being used at all."""
    what = f"{', '.join(encoders)} cannot be used: {fault}"
    if "names none" in fault:
        return well(f"hardware {kind}", f"not configured ({', '.join(encoders)})")
    fix = f"install the driver of its kernel, or correct {SETTING}"
    if "group" in fault:
        group = fault.rpartition(" ")[2]
        fix = f"usermod -aG {group} USER for the box's user, then restart the box"
    elif "unit" in fault:
        fix = (
            "systemctl edit renderio-box: [Service] PrivateDevices=no, DeviceAllow=char-drm rw"
            " (NVIDIA: char-nvidia* rw), SupplementaryGroups=render video"
        )
    return problem(f"hardware {kind}", what, fix)


def of_trials(kind: Hardware, trials: Sequence[Trial]) -> Finding:
    """Tell which encoders work on a device that is there; a card need not have them all."""
    subject = f"hardware {kind}"
    working = [trial.encoder for trial in trials if not trial.fault]
    failing = [trial for trial in trials if trial.fault]
    if not failing:
        return well(subject, f"{', '.join(working)} work")
    names, why = ", ".join(trial.encoder for trial in failing), failing[0].fault
    if not working:
        return warning(subject, f"none of {names} works: {why}", DRIVERS.get(kind, ANY_DRIVER))
    return well(subject, f"{', '.join(working)} work; {names} not: {why}")


async def font_finding(laboratory: Laboratory) -> Finding:
    """Tell whether text can be drawn without a font of the caller's."""
    subject = "fonts"
    if "drawtext" not in laboratory.found.filters:
        return warning(subject, "this FFmpeg has no drawtext, so it draws no text", MINIMAL)
    drawing = ("-vf", "drawtext=text=box", "-frames:v", "1", "-f", "null", "-")
    if fault := await laboratory.run(*PICTURE, *drawing):
        return warning(subject, fault, "apt-get install fonts-dejavu-core fontconfig")
    return well(subject, "text is drawn")
