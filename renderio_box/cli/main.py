"""The arguments of ``renderio-box``: each command is in the module that does what it asks for."""

from typing import Final

import click

from renderio_box import __version__
from renderio_box.cli.backup import backup_command
from renderio_box.cli.completion import completion_command
from renderio_box.cli.config import config_group
from renderio_box.cli.demo import demo_command
from renderio_box.cli.doctor import doctor_command
from renderio_box.cli.installation import service_group
from renderio_box.cli.keys import keys_group
from renderio_box.cli.migrate import migrate_command
from renderio_box.cli.net import net_group
from renderio_box.cli.queue import drain_command, resume_command
from renderio_box.cli.restore import restore_command
from renderio_box.cli.run import run_command
from renderio_box.cli.self_test import self_test_command
from renderio_box.cli.serve import serve_command

ENDINGS: Final = """
\b
Exit status:
  0  it worked            3  no box answers, or it refuses the key
  1  the command failed   4  the box cannot start
  2  wrong usage          130  stopped by Ctrl-C
"""


@click.group(epilog=ENDINGS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="renderio-box")
def program() -> None:
    """FFmpeg as a service on your own machine."""


program.add_command(serve_command)
program.add_command(drain_command)
program.add_command(resume_command)
program.add_command(service_group)
program.add_command(keys_group)
program.add_command(net_group)
program.add_command(run_command)
program.add_command(demo_command)
program.add_command(doctor_command)
program.add_command(config_group)
program.add_command(backup_command)
program.add_command(restore_command)
program.add_command(migrate_command)
program.add_command(completion_command)
program.add_command(self_test_command)


def main() -> None:
    """Run the program."""
    program(prog_name="renderio-box")
