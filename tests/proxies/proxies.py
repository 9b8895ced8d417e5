"""Starting nginx and Caddy with the README's own snippets, a little further along: other ports."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from renderio_box.tls import Pair, pinned
from tests.acceptance.pasting import blocks
from tests.certificates import ALSO_CALLED, make_pair
from tests.ports import free_port
from tests.running_box import PATIENCE_S, RunningBox, eventually, running_box

README: Final = (Path(__file__).parents[2] / "README.md").read_text()
NAME: Final = "media.example.org"
PATH: Final = "/renderio"
PROXIES: Final = [
    pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"needs {name}"))
    for name in ("nginx", "caddy")
]
NGINX: Final = """
{user}
daemon off;
pid {directory}/pid;
error_log stderr;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {servers}
}}
"""
CADDY: Final = """
{{
    admin off
    auto_https disable_redirects
    skip_install_trust
}}
{servers}
"""


class Proxied(msgspec.Struct, frozen=True):
    """A box, where its proxy listens, and where one does that leaves the sub-path in its place."""

    box: RunningBox
    url: str
    passing_url: str
    certificate: Path

    def client(self, *, from_address: str | None = None, base: str = "") -> httpx.Client:
        """Return a client that comes through the proxy, with the box's own key."""
        transport = httpx.HTTPTransport(
            verify=pinned(self.certificate.read_text()),
            local_address=from_address,
            trust_env=False,
        )
        return httpx.Client(
            base_url=base or self.url,
            headers={"x-api-key": self.box.http.headers["x-api-key"]},
            transport=transport,
            timeout=PATIENCE_S,
        )


@contextmanager
def proxied(proxy: str, directory: Path, *, path: str = "", **settings: str) -> Iterator[Proxied]:
    """Run a box and a proxy in front of it, below ``path`` if one is given."""
    pair = make_pair(directory, more=ALSO_CALLED)
    ports = (free_port(), free_port())
    urls = [f"https://127.0.0.1:{port}{path}" for port in ports]
    settings |= {
        "RENDERIO_SERVER_PUBLIC_URL": urls[0],
        "RENDERIO_SERVER_TRUSTED_PROXIES": "127.0.0.1",
    }
    with ExitStack() as stack:
        box = stack.enter_context(running_box(directory / "data", **settings))
        stack.enter_context(running_proxy(proxy, directory, servers(proxy, box, pair, ports, path)))
        yield Proxied(box, urls[0], urls[1], pair.certificate)


def servers(proxy: str, box: RunningBox, pair: Pair, ports: tuple[int, int], path: str) -> str:
    """Return the README's snippet, once for a proxy that takes the path away, once for one that does not."""
    (snippet,) = blocks(README, "nginx" if proxy == "nginx" else "caddyfile")
    upstream = urlsplit(box.url).netloc
    assert "127.0.0.1:8420" in snippet
    assert NAME in snippet
    written = snippet.replace("127.0.0.1:8420", upstream)
    strip, keep = (
        ((f"http://{upstream};", f"http://{upstream}/;"), ("", ""))
        if proxy == "nginx"
        else (
            ("    reverse_proxy", f"    handle_path {path}/* {{\nreverse_proxy"),
            ("    reverse_proxy", f"    handle {path}/* {{\nreverse_proxy"),
        )
    )
    texts: list[str] = []
    for port, change in zip(ports, (strip, keep), strict=True):
        text = written
        if path and proxy == "nginx":
            text = text.replace("location / {", f"location {path}/ {{").replace(*change)
        elif path:
            text = text.replace(*change) + "}\n"
        texts.append(placed(proxy, text, pair, port))
    return "\n".join(texts)


def placed(proxy: str, text: str, pair: Pair, port: int) -> str:
    """Return a snippet that listens on a port of this machine with a certificate of ours."""
    if proxy == "nginx":
        return (
            text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
            .replace(f"/etc/ssl/{NAME}.pem", str(pair.certificate))
            .replace(f"/etc/ssl/{NAME}.key", str(pair.key))
        )
    return text.replace(
        f"{NAME} {{",
        f"https://127.0.0.1:{port} {{\nbind 127.0.0.1\ntls {pair.certificate} {pair.key}",
    )


@contextmanager
def running_proxy(proxy: str, directory: Path, texts: str) -> Iterator[None]:
    """Run a proxy with these servers while the block runs."""
    config = directory / "proxy.conf"
    frame = NGINX if proxy == "nginx" else CADDY
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(frame.format(user=user, directory=directory, servers=texts))
    arguments = {
        "nginx": ("nginx", "-p", str(directory), "-c", str(config)),
        "caddy": ("caddy", "run", "--config", str(config), "--adapter", "caddyfile"),
    }[proxy]
    homes = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(directory))
    with (
        (directory / "proxy.log").open("wb") as log,
        subprocess.Popen(
            arguments, env=os.environ | homes, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        ) as process,
    ):
        try:
            ports = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", texts)]
            eventually(lambda: process.poll() is not None or all(map(is_open, ports)))
            assert process.poll() is None, (directory / "proxy.log").read_text()
            yield
        finally:
            process.terminate()


def is_open(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
