"""Requests that work, with what matters of their answers. The tests execute every one."""

from collections.abc import Mapping
from typing import Final

from renderio_box.api.examples.backup import BACKUP
from renderio_box.api.examples.commands import COMMANDS
from renderio_box.api.examples.files import FILES
from renderio_box.api.examples.keys import KEYS
from renderio_box.api.examples.operation import OPERATION
from renderio_box.api.examples.presets import PRESETS
from renderio_box.api.examples.queue import QUEUE
from renderio_box.api.examples.records import Example
from renderio_box.api.examples.rendi import RENDI
from renderio_box.api.examples.webhooks import WEBHOOKS

EXAMPLES: Final[Mapping[str, Mapping[str, Example]]] = {
    **BACKUP,
    **COMMANDS,
    **FILES,
    **KEYS,
    **OPERATION,
    **PRESETS,
    **QUEUE,
    **RENDI,
    **WEBHOOKS,
}
"""By operation id and name; an operation of Rendi's without its own has those of its twin."""
