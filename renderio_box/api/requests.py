"""What clients of both dialects send to have commands run."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, cast

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from renderio_box.api.work import Options, Terms, Work, submission_of, texts
from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.batch import MAX_COMMANDS, naming_command
from renderio_box.jobs.chain import MAX_STEPS, Step, joined, parse_steps
from renderio_box.jobs.command_line import parse
from renderio_box.jobs.job import CommandType, Submission

Text = Annotated[object, Meta(extra_json_schema={"type": "string"})]
"""What the values of the maps are. msgspec would say which map a wrong one is in, but not
under which key, so they are checked by hand."""
Command = Annotated[str, Meta(min_length=1, max_length=16_384)]
Files = Annotated[dict[str, Text], Meta(max_length=64)]
Outputs = Files | Literal["OUTPUT_FOLDER"]


class RunCommandRequest(Options, frozen=True, kw_only=True):
    """One FFmpeg command with the files that it names. Unknown fields are ignored.

    ``input_files`` is required unless ``input_compressed_folder`` brings the inputs.
    """

    ffmpeg_command: Command
    input_files: Files | None = None
    output_files: Outputs

    def to_submission(self, sent: Mapping[str, object], terms: Terms) -> Submission:
        """Return the request in the program's own words; ``sent`` is the body as it came.

        Raises:
            InvalidCommandError: The command or its files cannot be run as written.
            InvalidRequestError: A source is none, or a number is over a limit.
        """
        if self.input_files is None and self.input_compressed_folder is None:
            raise InvalidRequestError(
                "input_files: is required; send {} when the command reads no file.",
                loc=("input_files",),
            )
        work = Work(
            command_type=CommandType.SINGLE,
            steps=(parse(self.ffmpeg_command),),
            inputs=texts(self.input_files or {}, field="input_files"),
            outputs=outputs_of(self.output_files),
        )
        return submission_of(work, self, sent, terms)


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
    input_files: Files | None = None
    output_files: Outputs | None = None
    commands: Annotated[list[StepRequest], Meta(min_length=1, max_length=MAX_STEPS)] | None = None

    def to_submission(self, sent: Mapping[str, object], terms: Terms) -> Submission:
        """Return the request in the program's own words; ``sent`` is the body as it came.

        Raises:
            InvalidCommandError: A step cannot be run as written; the text names it.
            InvalidRequestError: Both forms were sent, or none, or a value is wrong.
        """
        return submission_of(self._work(), self, sent, terms)

    def _work(self) -> Work:
        if (self.ffmpeg_commands is None) == (self.commands is None):
            raise InvalidRequestError(
                "Send either ffmpeg_commands with input_files and output_files, or commands.",
                loc=("ffmpeg_commands",),
            )
        if self.ffmpeg_commands is not None:
            return Work(
                command_type=CommandType.CHAINED,
                steps=parse_steps(self.ffmpeg_commands),
                inputs=texts(self.input_files or {}, field="input_files"),
                outputs=outputs_of(self.output_files or {}),
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
        return Work(
            command_type=CommandType.CHAINED,
            steps=chain.steps,
            inputs=chain.inputs,
            outputs=chain.outputs,
        )


class RunMultipleRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Commands that are accepted all or none, and then have nothing to do with each other."""

    commands: Annotated[list[RunCommandRequest], Meta(min_length=1, max_length=MAX_COMMANDS)]

    def to_submissions(self, sent: Mapping[str, object], terms: Terms) -> list[Submission]:
        """Return every command in the program's own words; ``sent`` is the body as it came.

        Raises:
            InvalidCommandError, InvalidRequestError: As of a single command; the text and
                the path name the command.
        """
        bodies = cast("Sequence[Mapping[str, object]]", sent["commands"])
        submissions: list[Submission] = []
        for place, (command, body) in enumerate(zip(self.commands, bodies, strict=True)):
            with naming_command(place):
                submission = command.to_submission(body, terms)
            spec = replace(submission.spec, command_type=CommandType.MULTIPLE)
            submissions.append(replace(submission, spec=spec))
        return submissions


def outputs_of(sent: Outputs) -> Mapping[str, str] | None:
    """Return the declared outputs, None where everything that is written is wanted."""
    return None if isinstance(sent, str) else texts(sent, field="output_files")
