"""The API's description, and a page to read it and try it with."""

from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, Router, get
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, RapidocRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Method
from litestar.types.internal_types import PathParameterDefinition

from renderio_box import __version__
from renderio_box.api.hosts import known_host
from renderio_box.api.openapi import completed
from renderio_box.api.urls import UrlMaker
from renderio_box.assets import API_PAGE_SCRIPT, asset

AnyRequest = Request[Any, Any, Any]
Json = dict[str, Any]

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline';"
    " connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
"""The page runs nothing but its own program, speaks to nobody but the box, and is framed by
nobody. Its program writes style into the page, which is the one thing it may do inline."""

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

    def render(self, request: AnyRequest, openapi_schema: Json) -> bytes:
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


class Description:
    """The completed description, made when it is first asked for."""

    def __init__(self, url_maker: UrlMaker) -> None:
        self._url_maker = url_maker
        self._document: Json | None = None

    def of(self, request: AnyRequest, document: Json) -> Json:
        """Return what ``document`` is completed to, with the address that was asked."""
        self._document = self._document or completed(document)
        return self._document | {"servers": [{"url": self._url_maker.urls(request).base}]}


class CompleteJson(JsonRenderPlugin):
    """The description for programs."""

    def __init__(self, description: Description) -> None:
        super().__init__(path="/openapi.json")
        self._description = description

    def render(self, request: AnyRequest, openapi_schema: Json) -> bytes:
        """Return the completed description as JSON."""
        return msgspec.json.encode(self._description.of(request, openapi_schema))


class CompleteYaml(YamlRenderPlugin):
    """The description for programs that read YAML, of which JSON is a part.

    Writing it in another style would hold up everybody else's requests for a while.
    """

    def __init__(self, description: Description) -> None:
        super().__init__(path="/openapi.yaml")
        self._description = description

    def render(self, request: AnyRequest, openapi_schema: Json) -> bytes:
        """Return the completed description, set out for people."""
        encoded = msgspec.json.encode(self._description.of(request, openapi_schema))
        return msgspec.json.format(encoded, indent=2)


def operation_id(
    handler: HTTPRouteHandler, method: Method, path: list[str | PathParameterDefinition]
) -> str:
    """Return the handler's name, which stays; Rendi's begin with its name, HEAD ends with it."""
    name = handler.handler_name.removeprefix("rendi_")
    dialect = "rendi_" if path[:1] == ["v1"] else ""
    return f"{dialect}{name}{'_head' if method == HttpMethod.HEAD else ''}"


def openapi_config(url_maker: UrlMaker) -> OpenAPIConfig:
    """Return how the API describes itself."""
    description = Description(url_maker)
    door = SecurityScheme(type="apiKey", name="X-API-KEY", security_scheme_in="header")
    return OpenAPIConfig(
        title="renderio_box",
        version=__version__,
        summary="FFmpeg over HTTP on your own machine, in the words of RenderIO and of Rendi.",
        openapi_router=Router(
            "/schema",
            route_handlers=[],
            guards=[known_host],
            response_headers=HEADERS,
            include_in_schema=False,
        ),
        render_plugins=[
            OfflinePage(path="/", media_type=MediaType.HTML),
            CompleteJson(description),
            CompleteYaml(description),
        ],
        components=Components(security_schemes={"apiKey": door}),
        operation_id_creator=operation_id,
        use_handler_docstrings=True,
    )
