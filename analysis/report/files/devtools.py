"""A Chrome or Chromium that takes commands of the DevTools protocol on a pipe.

Written out rather than taken from a library, because a browser may cost a report images at most.
With choreographer 1.4, on which Kaleido 1.5 rests, a browser that ends in the middle of a message,
or whose last answer and farewell come in one read, has a traceback printed, and one that is
suspended holds the process: its writes, its way of closing and the thread that reads the
browser's log have no limit. Here every wait has one, and nothing of the browser is printed.

References:
    https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from tempfile import TemporaryDirectory
from typing import Any

from analysis.errors import BrowserEnded, BrowserGone, CommandRefused

ANSWER_S = 60.0
"""Seconds for an answer, and for the browser's start: many times what a busy machine needs."""

_FAREWELL_S = 2.0
_END_S = 5.0
_CHUNK = 2**16

_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    # A container's /dev/shm may hold no more than 64 MiB.
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--password-store=basic",
    "--use-mock-keychain",
    "--no-first-run",
    "--no-default-browser-check",
)

# A browser reads commands on 3 and writes answers on 4.
_ON_3_AND_4 = ("sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null', "sh")


class DevTools:
    """A browser without a window, with an empty profile; a context manager.

    Args:
        path: The browser's program.
        sandbox: Whether pages are drawn in the browser's sandbox.
    """

    def __init__(self, path: str, *, sandbox: bool) -> None:
        self._profile = TemporaryDirectory(prefix="gradscape-browser-", ignore_cleanup_errors=True)
        flags = [*_FLAGS, f"--user-data-dir={self._profile.name}"]
        if not sandbox:
            flags.append("--no-sandbox")
        self._process = subprocess.Popen(
            [*_ON_3_AND_4, path, *flags],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is the report's to answer; and all of the browser's processes end together.
            start_new_session=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._commands, self._answers = self._process.stdin, self._process.stdout
        os.set_blocking(self._commands.fileno(), False)
        self._received = bytearray()
        self._number = 0

    def __enter__(self) -> DevTools:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def process_id(self) -> int:
        """The browser's process, which leads a group of its own."""
        return self._process.pid

    def ask(self, command: str, *, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Sends a command and waits for its answer, each for at most `ANSWER_S`.

        Args:
            command: Of the protocol, such as "Runtime.evaluate".
            session: Of the page that it is for; None for the browser itself.
            params: Of the command.

        Raises:
            CommandRefused: If the browser answers that it cannot.
            BrowserGone: If it has ended or does not answer.
        """
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": command, "params": params}
        if session is not None:
            message["sessionId"] = session
        self._write(json.dumps(message).encode() + b"\0")
        until = time.monotonic() + ANSWER_S
        # Events and what nobody waits for any more come in between.
        while (answer := self._read(until)).get("id") != self._number:
            pass
        if "error" in answer:
            raise CommandRefused(f"{command}: {answer['error'].get('message', answer['error'])}")
        result: dict[str, Any] = answer["result"]
        return result

    def close(self) -> None:
        """Ends the browser, also one that is suspended, and removes its profile."""
        # Asked to end, it removes what it keeps among temporary files; killed, it leaves a folder.
        farewell = json.dumps({"id": self._number + 1, "method": "Browser.close"}).encode() + b"\0"
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            os.write(self._commands.fileno(), farewell)
            self._process.wait(_FAREWELL_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        # A process that the kernel holds, on a lost disk for example, is not waited for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        self._commands.close()
        self._answers.close()
        self._profile.cleanup()

    def _write(self, data: bytes) -> None:
        until = time.monotonic() + ANSWER_S
        rest = memoryview(data)
        while rest:
            self._wait(self._commands.fileno(), selectors.EVENT_WRITE, until)
            try:
                rest = rest[os.write(self._commands.fileno(), rest[:_CHUNK]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                raise BrowserEnded("it ended while it drew") from error

    def _read(self, until: float) -> dict[str, Any]:
        """The next message; a half one at the browser's end is none."""
        while (end := self._received.find(b"\0")) < 0:
            self._wait(self._answers.fileno(), selectors.EVENT_READ, until)
            chunk = os.read(self._answers.fileno(), _CHUNK)
            if not chunk:
                raise BrowserEnded("it ended while it drew")
            self._received += chunk
        message: dict[str, Any] = json.loads(self._received[:end])
        del self._received[: end + 1]
        return message

    def _wait(self, descriptor: int, event: int, until: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, event)
            if not selector.select(max(0.0, until - time.monotonic())):
                raise BrowserGone(f"it did not answer within {ANSWER_S:g} s")
