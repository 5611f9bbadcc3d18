"""A plain web server on loopback that answers every request with the same, and remembers them."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class WebServer:
    """A running server.

    Attributes:
        port: On 127.0.0.1.
        tokens: Authorization header of each request so far, "" for none.
    """

    port: int
    tokens: list[str] = field(default_factory=list)


@contextmanager
def web_server(
    *,
    status: int = 200,
    body: str = "",
    headers: Mapping[str, str] | None = None,
    certificate: Path | None = None,
) -> Iterator[WebServer]:
    """Serves while the block runs.

    Args:
        status: Of every answer.
        body: Likewise.
        headers: Likewise.
        certificate: PEM file of certificate and key; None for plain http.
    """
    tokens: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.append(self.headers.get("Authorization", ""))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield WebServer(port=server.server_port, tokens=tokens)
    finally:
        server.shutdown()
        server.server_close()


def self_signed(folder: Path) -> Path:
    """PEM file of a key and a certificate for 127.0.0.1 that nobody has vouched for."""
    key, certificate, both = (folder / name for name in ("key.pem", "cert.pem", "both.pem"))
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())
    return both
