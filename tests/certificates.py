"""Certificates for tests, made by openssl, which every machine with TLS has."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from renderio_box.tls import Pair

NEW: Final = ("openssl", "req", "-x509", "-nodes", "-days", "30", "-newkey", "ec")
CURVE: Final = ("-pkeyopt", "ec_paramgen_curve:prime256v1")
ALSO_CALLED: Final = "subjectAltName=IP:127.0.0.1,DNS:localhost"

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")


def make_pair(directory: Path, name: str = "media.example.org", *, more: str = "") -> Pair:
    """Make a self-signed certificate for ``name``, which may be called ``more`` as well."""
    pair = Pair(directory / "certificate.pem", directory / "key.pem")
    files = ("-out", str(pair.certificate), "-keyout", str(pair.key), "-subj", f"/CN={name}")
    also = ("-addext", more) if more else ()
    subprocess.run([*NEW, *CURVE, *files, *also], check=True, capture_output=True)
    pair.key.chmod(0o600)
    return pair
