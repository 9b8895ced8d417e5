"""What RenderIO's clients send."""

from collections.abc import Mapping
from typing import Annotated, Final, cast

import msgspec
from litestar.openapi.spec import OpenAPIType, Schema
from msgspec import Meta

from renderio_box.api.renderio.sources import is_http_url, source_of
from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.chain import MAX_STEPS, Step, joined, parse_steps
from renderio_box.jobs.command_line import check_aliases, check_use, parse, placeholders
from renderio_box.jobs.invocation import Build, adapt
from renderio_box.jobs.job import (
    DEFAULT_PRIORITY,
    CommandType,
    JobSpec,
    MetadataValue,
    Source,
    Submission,
    TextSource,
)
from renderio_box.jobs.limits import JobLimits, run_seconds, vcpu_count

NO_WEBHOOKS: Final = "webhook_url was noted, but this version does not deliver webhooks yet."

MAX_METADATA_LENGTH: Final = 4096
FILE_VALUES: Final = {"extra": {"additional_properties": Schema(type=OpenAPIType.STRING)}}
METADATA_VALUES: Final = {
    "extra": {
        "additional_properties": Schema(
            type=[OpenAPIType.STRING, OpenAPIType.NUMBER, OpenAPIType.BOOLEAN]
        )
    }
}
"""What the values of the maps are. msgspec would say which map a wrong one is in, but not
under which key, so they are checked by hand."""
Command = Annotated[str, Meta(min_length=1, max_length=16_384)]
Files = Annotated[dict[str, object], Meta(max_length=64, extra_json_schema=FILE_VALUES)]
Metadata = Annotated[dict[str, object], Meta(max_length=10, extra_json_schema=METADATA_VALUES)]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What every submission may say beside its commands and files."""

    metadata: Metadata | None = None
    webhook_url: str | None = None
    max_command_run_seconds: Annotated[int, Meta(ge=1)] | None = None
    vcpu_count: Annotated[int, Meta(ge=1)] | None = None
    priority: Annotated[int, Meta(ge=0, le=100)] | None = None


class RunCommandRequest(Options, frozen=True, kw_only=True):
    """One FFmpeg command with the files that it names. Unknown fields are ignored."""

    ffmpeg_command: Command
    input_files: Files
    output_files: Files

    def to_submission(
        self, sent: Mapping[str, object], *, limits: JobLimits, build: Build
    ) -> Submission:
        """Return the request in the program's own words; ``sent`` is the body as it came.

        Raises:
            InvalidCommandError: The command or its files cannot be run as written.
            InvalidRequestError: A source is none, or a number is over a limit.
        """
        work = Work(
            command_type=CommandType.SINGLE,
            steps=(parse(self.ffmpeg_command),),
            inputs=texts(self.input_files, field="input_files"),
            outputs=texts(self.output_files, field="output_files"),
        )
        return submission_of(work, self, sent, limits=limits, build=build)


class StepRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a chain with files of its own; a source may be an earlier ``{{out_x}}``."""

    ffmpeg_command: Command
    input_files: Files
    output_files: Files


class RunChainRequest(Options, frozen=True, kw_only=True):
    """Commands that run one after another in one directory, in either of two forms.

    ``ffmpeg_commands`` share the files beside them; ``commands`` have files of their own.
    """

    ffmpeg_commands: Annotated[list[Command], Meta(min_length=1, max_length=MAX_STEPS)] | None = (
        None
    )
    input_files: Files = {}
    output_files: Files = {}
    commands: Annotated[list[StepRequest], Meta(min_length=1, max_length=MAX_STEPS)] | None = None

    def to_submission(
        self, sent: Mapping[str, object], *, limits: JobLimits, build: Build
    ) -> Submission:
        """Return the request in the program's own words; ``sent`` is the body as it came.

        Raises:
            InvalidCommandError: A step cannot be run as written; the text names it.
            InvalidRequestError: Both forms were sent, or none, or a value is wrong.
        """
        return submission_of(self._work(), self, sent, limits=limits, build=build)

    def _work(self) -> "Work":
        if (self.ffmpeg_commands is None) == (self.commands is None):
            raise InvalidRequestError(
                "Send either ffmpeg_commands with input_files and output_files, or commands.",
                loc=("ffmpeg_commands",),
            )
        if self.ffmpeg_commands is not None:
            return Work(
                command_type=CommandType.CHAINED,
                steps=parse_steps(self.ffmpeg_commands),
                inputs=texts(self.input_files, field="input_files"),
                outputs=texts(self.output_files, field="output_files"),
            )
        steps = [
            Step(
                step.ffmpeg_command,
                texts(step.input_files, field="input_files"),
                texts(step.output_files, field="output_files"),
            )
            for step in self.commands or ()
        ]
        chain = joined(steps)
        return Work(CommandType.CHAINED, chain.steps, chain.inputs, chain.outputs)


class Work(msgspec.Struct, frozen=True):
    """What is to be done: steps in order, and the files of all of them."""

    command_type: CommandType
    steps: tuple[tuple[str, ...], ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


def submission_of(
    work: Work, options: Options, sent: Mapping[str, object], *, limits: JobLimits, build: Build
) -> Submission:
    """Check work and options and return them as a job to be queued."""
    check_aliases(work.inputs, work.outputs)
    inputs = {alias: source_of(text, alias=alias) for alias, text in work.inputs.items()}
    words = [word for step in work.steps for word in step]
    check_use(
        placeholders((*words, *texts_of(inputs))),
        inputs=inputs,
        outputs=work.outputs,
        allow_unused_inputs=False,
    )
    spec = JobSpec(
        command_type=work.command_type,
        steps=work.steps,
        inputs=inputs,
        outputs=dict(work.outputs),
        max_run_seconds=run_seconds(options.max_command_run_seconds, limits),
        vcpu_count=vcpu_count(options.vcpu_count, limits),
        pinned=options.vcpu_count is not None,
        priority=DEFAULT_PRIORITY if options.priority is None else options.priority,
        webhook_url=checked_webhook(options.webhook_url),
    )
    warnings = tuple(warning for step in work.steps for warning in adapt(step, build).warnings)
    applied = {"max_command_run_seconds": spec.max_run_seconds, "vcpu_count": spec.vcpu_count}
    return Submission(
        spec=spec,
        original_request={**sent, **applied},
        metadata=checked_metadata(options.metadata or {}),
        warnings=(*warnings, NO_WEBHOOKS) if spec.webhook_url else warnings,
    )


def texts(values: Mapping[str, object], *, field: str) -> dict[str, str]:
    """Return the map as one of texts; InvalidRequestError names a value that is none."""
    for key, value in values.items():
        if not isinstance(value, str):
            raise InvalidRequestError(f"{field}.{key} must be a string.", loc=(field, key))
    return cast("dict[str, str]", dict(values))


def checked_metadata(values: Mapping[str, object]) -> dict[str, MetadataValue]:
    """Return the metadata; InvalidRequestError names a value that is not flat, or too long."""
    for key, value in values.items():
        if not isinstance(value, MetadataValue):
            raise InvalidRequestError(
                f"metadata.{key} must be a string, a number or a boolean.", loc=("metadata", key)
            )
        if len(key) > MAX_METADATA_LENGTH or len(str(value)) > MAX_METADATA_LENGTH:
            raise InvalidRequestError(
                f"metadata may have at most {MAX_METADATA_LENGTH} characters in a key or value.",
                loc=("metadata", key[:MAX_METADATA_LENGTH]),
            )
    return cast("dict[str, MetadataValue]", dict(values))


def texts_of(inputs: Mapping[str, Source]) -> list[str]:
    """Return the texts that came with the request; they may name other inputs."""
    return [source.text for source in inputs.values() if isinstance(source, TextSource)]


def checked_webhook(url: str | None) -> str | None:
    """Return the webhook's address; InvalidRequestError when it is none."""
    if url is not None and not is_http_url(url):
        raise InvalidRequestError("webhook_url must be an http or https URL.", loc=("webhook_url",))
    return url
