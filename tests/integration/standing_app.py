"""One application for the whole run: building it takes longer than most tests do."""

from typing import Any, Final

import msgspec
from litestar import Litestar

from renderio_box.api.app import Parts, create_app

FACTS: Final = (msgspec.Struct, str, int, type(None))
"""What a part may be that is the same for every box."""


class Place:
    """Where a part of whichever box a test has opened stands; it answers as that part does."""

    def __init__(self, part: object) -> None:
        self.part = part

    @property
    def __class__(self) -> type:
        """Litestar looks at what it passes on."""
        return type(self.part)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the part has
        return getattr(self.part, name)


class StandingApp:
    """An application that is built once, around the parts of one box after the other."""

    def __init__(self) -> None:
        self._facts: dict[str, object] = {}
        self._places: dict[str, Place] = {}
        self._app: Litestar | None = None

    def around(self, parts: Parts) -> Litestar:
        """Return the application; only the last box that it was asked for is behind it."""
        given = {name: getattr(parts, name) for name in Parts.__struct_fields__}
        facts = {name: part for name, part in given.items() if isinstance(part, FACTS)}
        if self._app is None:
            self._facts = facts
            self._places = {name: Place(part) for name, part in given.items() if name not in facts}
            self._app = create_app(Parts(**facts, **self._places))
        assert facts == self._facts, "a box of another kind needs an application of its own"
        for name, place in self._places.items():
            place.part = given[name]
        return self._app
