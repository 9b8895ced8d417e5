"""From what was asked for to a job: the checks that all ways of submitting share."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, cast

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from renderio_box.api.sources import fetched_source, is_http_url, source_of
from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.command_line import (
    InvalidCommandError,
    check_aliases,
    check_use,
    placeholders,
)
from renderio_box.jobs.invocation import Build, adapt
from renderio_box.jobs.job import (
    DEFAULT_PRIORITY,
    CommandType,
    Dialect,
    JobSpec,
    MetadataValue,
    Source,
    StoredSource,
    Submission,
    TextSource,
    UrlSource,
)
from renderio_box.jobs.limits import JobLimits, run_seconds, vcpu_count
from renderio_box.jobs.options import Role, items
from renderio_box.jobs.verification import Verify

MAX_METADATA_KEYS: Final = 10
MAX_METADATA_LENGTH: Final = 4096
MAX_SHOWN: Final = 5
MAX_NAME_SHOWN: Final = 40
FLAT_VALUE: Final = {"type": ["string", "number", "boolean"]}
Metadata = Annotated[
    dict[str, Annotated[object, Meta(extra_json_schema=FLAT_VALUE)]],
    Meta(max_length=MAX_METADATA_KEYS),
]
NO_Y: Final = "Don't use the -y flag in the command, we handle this internally."
"""The very words of Rendi's answer, which its clients look for."""


class VerifyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be checked of every output; what is left out is as the operator has set it.

    Unknown members are ignored, with a warning.
    """

    decode: bool | None = None
    duration_tolerance_seconds: Annotated[float, Meta(ge=0, le=86_400)] | None = None
    streams: bool | None = None

    def over(self, usual: Verify) -> Verify:
        """Return the checks that are made of it where ``usual`` ones are made otherwise."""
        asked = {name: getattr(self, name) for name in self.__struct_fields__}
        return replace(usual, **{name: each for name, each in asked.items() if each is not None})


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What every submission may say beside its commands and files."""

    metadata: Metadata | None = None
    webhook_url: str | None = None
    max_command_run_seconds: Annotated[int, Meta(ge=1)] | None = None
    vcpu_count: Annotated[int, Meta(ge=1)] | None = None
    input_compressed_folder: str | None = None
    priority: Annotated[int, Meta(ge=0, le=100)] | None = None
    verify: VerifyRequest | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is read by: the operator's bounds, the FFmpeg here, the caller's API.

    ``origin`` is the address of the box as the caller reached it, without a slash at its end;
    ``request_id`` names the request.
    """

    limits: JobLimits
    build: Build
    dialect: Dialect
    origin: str
    request_id: str | None = None


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done: steps in order, and the files of all of them.

    ``outputs`` None means that everything the steps write is wanted, as one zip.
    """

    command_type: CommandType
    steps: tuple[tuple[str, ...], ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str] | None


def submission_of(
    work: Work, options: Options, sent: Mapping[str, object], terms: Terms
) -> Submission:
    """Check work and options and return them as a job to be queued.

    Raises:
        InvalidCommandError: The command or its files cannot be run as written.
        InvalidRequestError: A source is none, or a number is over a limit.
    """
    check_flags(work.steps, terms.dialect)
    spec = JobSpec(
        command_type=work.command_type,
        steps=work.steps,
        inputs=checked_inputs(work, terms.dialect),
        outputs=dict(work.outputs or {}),
        archive=archive_of(options.input_compressed_folder, work.inputs),
        folder=work.outputs is None,
        max_run_seconds=run_seconds(options.max_command_run_seconds, terms.limits),
        vcpu_count=vcpu_count(options.vcpu_count, terms.limits),
        pinned=options.vcpu_count is not None,
        priority=DEFAULT_PRIORITY if options.priority is None else options.priority,
        webhook_url=checked_webhook(options.webhook_url),
        verify=(options.verify or VerifyRequest()).over(terms.limits.verify),
    )
    applied = {"max_command_run_seconds": spec.max_run_seconds, "vcpu_count": spec.vcpu_count}
    return Submission(
        spec=spec,
        original_request={**sent, **applied},
        metadata=checked_metadata(options.metadata or {}),
        warnings=(
            *(warning for step in work.steps for warning in adapt(step, terms.build).warnings),
            *ignored_checks(sent.get("verify")),
        ),
        dialect=terms.dialect,
        origin=terms.origin,
        request_id=terms.request_id,
    )


def check_flags(steps: Sequence[Sequence[str]], dialect: Dialect) -> None:
    """Refuse ``-y`` where Rendi does; elsewhere it is dropped later on."""
    if dialect is not Dialect.RENDI:
        return
    for step in steps:
        if any(item.role is Role.OPTION and item.name == "y" for item in items(step)):
            raise InvalidCommandError(NO_Y)


def checked_inputs(work: Work, dialect: Dialect) -> dict[str, Source]:
    """Return where the inputs come from, once names and uses of all files are in order."""
    check_aliases(work.inputs, work.outputs)
    inputs = {alias: source_of(text, alias=alias) for alias, text in work.inputs.items()}
    words = [word for step in work.steps for word in step]
    check_use(
        placeholders((*words, *texts_of(inputs))),
        inputs=inputs,
        outputs=work.outputs or {},
        allow_unused_inputs=dialect is Dialect.RENDI,
    )
    return inputs


def archive_of(text: str | None, inputs: Mapping[str, str]) -> UrlSource | StoredSource | None:
    """Return where the zip of inputs comes from; it takes the place of all other inputs."""
    if text is None:
        return None
    if inputs:
        raise InvalidRequestError(
            "input_compressed_folder and input_files exclude each other; send one of them.",
            loc=("input_compressed_folder",),
        )
    return fetched_source(text, field="input_compressed_folder", loc=("input_compressed_folder",))


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


def ignored_checks(verify: object) -> tuple[str, ...]:
    """Return the warning about members of ``verify`` that mean nothing, if there are any."""
    known = VerifyRequest.__struct_fields__
    if not isinstance(verify, dict):
        return ()
    named = cast("Mapping[str, object]", verify)
    unknown = sorted(name[:MAX_NAME_SHOWN] for name in named if name not in known)[:MAX_SHOWN]
    if not unknown:
        return ()
    names = f"{', '.join(known[:-1])} and {known[-1]}"
    return (f"verify knows {names} only; it ignores {', '.join(unknown)}.",)


def checked_webhook(url: str | None) -> str | None:
    """Return the webhook's address; InvalidRequestError when it is none."""
    if url is not None and not is_http_url(url):
        raise InvalidRequestError("webhook_url must be an http or https URL.", loc=("webhook_url",))
    return url
