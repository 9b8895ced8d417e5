"""The API's description, and a page to read it and try it with."""

from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, RapidocRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from renderio_box import __version__
from renderio_box.assets import API_PAGE_SCRIPT, asset

PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>renderio_box API</title>
    <script src="schema/{script}"></script>
  </head>
  <body>
    <rapi-doc spec-url="schema/openapi.json" load-fonts="false" render-style="read"
      show-header="false" schema-description-expanded="true" persist-auth="false"></rapi-doc>
  </body>
</html>
"""


class OfflinePage(RapidocRenderPlugin):
    """The interactive page without anything from the Internet: a box may have none."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page; addresses in it are relative, so that any sub-path works."""
        del request, openapi_schema
        return PAGE.format(script=API_PAGE_SCRIPT).encode()


@get(f"/schema/{API_PAGE_SCRIPT}", include_in_schema=False, sync_to_thread=True)
def page_script() -> Response[bytes]:
    """Return the program of the interactive page."""
    return Response(
        asset(API_PAGE_SCRIPT).read_bytes(),
        media_type="text/javascript",
        headers={"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"},
    )


def openapi_config() -> OpenAPIConfig:
    """Return how the API describes itself."""
    door = SecurityScheme(type="apiKey", name="X-API-KEY", security_scheme_in="header")
    return OpenAPIConfig(
        title="renderio_box",
        version=__version__,
        summary="FFmpeg over HTTP on your own machine, in the words of RenderIO's API and of Rendi's.",
        path="/schema",
        render_plugins=[
            OfflinePage(path="/", media_type=MediaType.HTML),
            JsonRenderPlugin(path="/openapi.json"),
            YamlRenderPlugin(path="/openapi.yaml"),
        ],
        components=Components(security_schemes={"apiKey": door}),
        use_handler_docstrings=True,
    )
