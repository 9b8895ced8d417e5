"""What the hosted service offers and the box does not, refused in so many words."""

from litestar import Controller, post

from renderio_box.api.authentication import requires
from renderio_box.catalog.keys import Scope
from renderio_box.errors import NotSupportedError


class UnsupportedController(Controller):
    """Downloads by yt-dlp."""

    path = "/api/v1"
    tags = ("Not offered",)
    guards = (requires(Scope.SUBMIT),)

    @post("/ytdlp-download")
    async def ytdlp_download(self) -> None:
        """Refuse to download from a video site, whatever the body says."""
        raise NotSupportedError

    @post("/run-ytdlp-command")
    async def run_ytdlp_command(self) -> None:
        """Refuse to run a yt-dlp command, whatever the body says."""
        raise NotSupportedError
