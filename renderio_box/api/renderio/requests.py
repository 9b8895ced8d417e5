"""What RenderIO's clients send."""

from collections.abc import Mapping
from typing import Annotated, Final, cast

import msgspec
from litestar.openapi.spec import OpenAPIType, Schema
from msgspec import Meta

from renderio_box.api.renderio.sources import is_http_url, source_of
from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.command_line import check_aliases, check_use, parse, placeholders
from renderio_box.jobs.invocation import Build, adapt
from renderio_box.jobs.job import (
    DEFAULT_PRIORITY,
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
Files = Annotated[dict[str, object], Meta(max_length=64, extra_json_schema=FILE_VALUES)]
Metadata = Annotated[dict[str, object], Meta(max_length=10, extra_json_schema=METADATA_VALUES)]


class RunCommandRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One FFmpeg command with the files that it names. Unknown fields are ignored."""

    ffmpeg_command: Annotated[str, Meta(min_length=1, max_length=16_384)]
    input_files: Files
    output_files: Files
    metadata: Metadata | None = None
    webhook_url: str | None = None
    max_command_run_seconds: Annotated[int, Meta(ge=1)] | None = None
    vcpu_count: Annotated[int, Meta(ge=1)] | None = None
    priority: Annotated[int, Meta(ge=0, le=100)] | None = None

    def to_submission(
        self, sent: Mapping[str, object], *, limits: JobLimits, build: Build
    ) -> Submission:
        """Return the request in the program's own words; ``sent`` is the body as it came.

        Raises:
            InvalidCommandError: The command or its files cannot be run as written.
            InvalidRequestError: A source is none, or a number is over a limit.
        """
        arguments = parse(self.ffmpeg_command)
        given = texts(self.input_files, field="input_files")
        outputs = texts(self.output_files, field="output_files")
        check_aliases(given, outputs)
        inputs = {alias: source_of(text, alias=alias) for alias, text in given.items()}
        check_use(
            placeholders((*arguments, *texts_of(inputs))),
            inputs=inputs,
            outputs=outputs,
            allow_unused_inputs=False,
        )
        spec = JobSpec(
            steps=(arguments,),
            inputs=inputs,
            outputs=outputs,
            max_run_seconds=run_seconds(self.max_command_run_seconds, limits),
            vcpu_count=vcpu_count(self.vcpu_count, limits),
            pinned=self.vcpu_count is not None,
            priority=DEFAULT_PRIORITY if self.priority is None else self.priority,
            webhook_url=checked_webhook(self.webhook_url),
        )
        warnings = adapt(arguments, build).warnings
        applied = {"max_command_run_seconds": spec.max_run_seconds, "vcpu_count": spec.vcpu_count}
        return Submission(
            spec=spec,
            original_request={**sent, **applied},
            metadata=checked_metadata(self.metadata or {}),
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
