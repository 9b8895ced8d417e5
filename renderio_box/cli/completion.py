"""``renderio-box completion``: what has a shell complete the program's words."""

import sys
from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

VARIABLE: Final = "_RENDERIO_BOX_COMPLETE"
SHELLS: Final[dict[str, type[ShellComplete]]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command("completion")
@click.argument("shell", type=click.Choice(sorted(SHELLS)))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    r"""Print the script that has SHELL complete the commands and options of renderio-box.

    \b
    bash:  eval "$(renderio-box completion bash)"           in ~/.bashrc
    zsh:   eval "$(renderio-box completion zsh)"            in ~/.zshrc
    fish:  renderio-box completion fish | source            in ~/.config/fish/config.fish
    """
    made = SHELLS[shell](context.find_root().command, {}, "renderio-box", VARIABLE)
    # click's own method for bash starts a bash first, to look at its version.
    sys.stdout.write(ShellComplete.source(made))
