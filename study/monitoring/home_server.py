"""The reports of a home folder as pages on this machine: a start page, and each study's files."""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Mapping
from functools import partial
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from study.errors import GradscapeError
from study.tables import TableStore
from study.tables.home import studies, studies_folder, tables_folder

HOST = "127.0.0.1"
REPORT, PAGE = "report", "index.html"

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; }
main { padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem 1rem .4rem 0; border-top: 1px solid #8886; }
"""


class HomeServer:
    """Serves reports, read only, to this machine alone; a context manager.

    Args:
        home: The home folder.
        port: TCP port on 127.0.0.1; 0 takes a free one.
        links: Address of each study's runs in MLflow, by the study's name; may grow later.
    """

    def __init__(self, home: Path, *, port: int, links: Mapping[str, str]) -> None:
        handler = partial(_Handler, home, links)
        self._server = ThreadingHTTPServer((HOST, port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Address of the start page."""
        return f"http://{HOST}:{self._server.server_port}/"

    def __enter__(self) -> HomeServer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server_version = "gradscape"

    def __init__(self, home: Path, links: Mapping[str, str], *args: object) -> None:
        self._home, self._links = home, links
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answers with the start page or a file of a report."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Answers with the headers of the same."""
        self._answer(body=False)

    def log_message(self, *args: object) -> None:
        """Says nothing: the terminal is the person's."""

    def _answer(self, *, body: bool) -> None:
        # Another site's name that points here would let its pages read the reports.
        host = self.headers.get("Host", "").rpartition(":")[0]
        if host not in (HOST, "localhost"):
            return self._send(403, "text/plain", b"this server answers to 127.0.0.1 alone", body)
        path = unquote(urlsplit(self.path).path)
        if path == "/":
            return self._send(200, "text/html; charset=utf-8", self._start().encode(), body)
        file = report_file(self._home, path)
        if file is None:
            return self._send(404, "text/plain", b"there is no such page", body)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        charset = "; charset=utf-8" if kind.startswith("text/") else ""
        self._send(200, kind + charset, file.read_bytes(), body)

    def _send(self, status: int, kind: str, content: bytes, body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _start(self) -> str:
        rows = "".join(self._row(name) for name in studies(self._home))
        table = (
            "<table><thead><tr><th>study</th><th>trials</th><th>stable</th><th>report</th>"
            f"<th>MLflow</th></tr></thead><tbody>{rows}</tbody></table>"
            if rows
            else "<p>No study was run in this home folder yet.</p>"
        )
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>Studies</title><style>{_STYLE}</style><main><h1>Studies</h1>"
            f"<p>{escape(str(self._home))}</p>{table}</main></html>"
        )

    def _row(self, name: str) -> str:
        trials, stable = _counts(self._home, name)
        page = studies_folder(self._home) / name / REPORT / PAGE
        report = f'<a href="/studies/{quote(name)}/">report</a>' if page.exists() else "–"
        link = self._links.get(name)
        runs = f'<a href="{escape(link)}">runs</a>' if link else "–"
        cells = (escape(name), f"{trials:,}", f"{stable:,}", report, runs)
        return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def report_file(home: Path, path: str) -> Path | None:
    """Returns the file of a report that `/studies/NAME/...` asks for; None if there is none.

    Nothing outside of a study's report folder is found, whatever the path says.
    """
    parts = path.strip("/").split("/")
    if len(parts) < 2 or parts[0] != "studies" or parts[1] not in studies(home):
        return None
    folder = (studies_folder(home) / parts[1] / REPORT).resolve()
    file = folder.joinpath(*(parts[2:] or [PAGE])).resolve()
    return file if file.is_relative_to(folder) and file.is_file() else None


def _counts(home: Path, name: str) -> tuple[int, int]:
    """Returns how many trials a study has recorded, and how many were stable."""
    try:
        trials = TableStore(tables_folder(studies_folder(home) / name)).read_trials(
            columns=["verdict"]
        )
    except (GradscapeError, OSError):
        return 0, 0
    return len(trials), int((trials["verdict"] == "stable").sum()) if len(trials) else 0
