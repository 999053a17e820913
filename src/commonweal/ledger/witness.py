"""Witnesses over HTTP (C2SP tlog-witness): the server that cosigns, and the caller that asks.

The server listens on the machine itself only (127.0.0.1); whoever offers a witness to others puts
a web server with a certificate in front. The caller speaks plain HTTP to this machine only and
https to any other; it follows no redirects and reads no more than a few signatures.
"""

from __future__ import annotations

import contextlib
import http.client
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from commonweal.foundation.addresses import Address, service_address
from commonweal.foundation.errors import Unavailable
from commonweal.foundation.files import translated
from commonweal.ledger.witnessing import MAX_REQUEST, NOTE_TYPE, Answer, Witness

HOST = "127.0.0.1"
ADD_CHECKPOINT = "/add-checkpoint"
TIMEOUT_SECONDS = 10.0
_MAX_ANSWER = 64 * 1024
_PAUSE_SECONDS = 0.2


class WitnessServer(ThreadingHTTPServer):
    """A witness's server on the machine itself; `port` 0 takes a free one (`server_port`)."""

    daemon_threads = True

    def __init__(self, witness: Witness, port: int) -> None:
        self.witness = witness
        with translated(f"port {port}"):
            super().__init__((HOST, port), _Handler)

    @property
    def url(self) -> str:
        """The submission prefix, as a policy names it."""
        return f"http://{HOST}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a caller who hangs up is no event, and a request is never repeated."""


class _Handler(BaseHTTPRequestHandler):
    """Two calls: POST add-checkpoint, and GET <hash of an origin>/checkpoint for monitors."""

    server: WitnessServer
    protocol_version = "HTTP/1.1"
    server_version = "commonweal-witness"
    sys_version = ""
    timeout: ClassVar[float] = TIMEOUT_SECONDS

    def do_POST(self) -> None:
        """Answer `add-checkpoint`."""
        length = self.headers.get("Content-Length", "")
        if self.path != ADD_CHECKPOINT:
            self._answer(Answer(404, b"There is no such call.\n"), close=True)
        elif not (length.isascii() and length.isdigit()):
            self._answer(Answer(411, b"The request does not say its length.\n"), close=True)
        elif int(length) > MAX_REQUEST:
            self._answer(Answer(413, b"The request is too long.\n"), close=True)
        else:
            body = self.rfile.read(int(length))
            self._answer(self.server.witness.add_checkpoint(body))

    def do_GET(self) -> None:
        """Show the last checkpoint that was cosigned."""
        parts = self.path.split("/")
        if len(parts) == 3 and parts[0] == "" and parts[2] == "checkpoint":
            self._answer(self.server.witness.shown(parts[1]))
        else:
            self._answer(Answer(404, b"There is no such call.\n"))

    def _answer(self, answer: Answer, *, close: bool = False) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.content)))
        if close:  # the body was not read, so nothing more can be understood on this connection
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name there)
        """Log nothing: who asks is not the witness's matter."""


def add_checkpoint(url: str, body: bytes, timeout: float = TIMEOUT_SECONDS) -> Answer:
    """Send one `add-checkpoint` request to the witness at the submission prefix `url`.

    A witness that does not answer yet is tried again for `timeout` seconds. Raises `WrongUsage`
    CW-LEDGER-WITNESS-URL, `Unavailable` CW-LEDGER-WITNESS-UNREACHABLE.
    """
    secure, host, port, prefix = _place(url)
    ends = time.monotonic() + timeout
    while True:
        try:
            return _post(secure, host, port, prefix + ADD_CHECKPOINT, body)
        except ConnectionRefusedError as error:
            if time.monotonic() > ends:
                raise _unreachable(host) from error
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(host) from error
        time.sleep(_PAUSE_SECONDS)


def _post(secure: bool, host: str, port: int | None, path: str, body: bytes) -> Answer:
    make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    with contextlib.closing(make(host, port, timeout=TIMEOUT_SECONDS)) as connection:
        connection.request("POST", path, body, {"Content-Type": NOTE_TYPE, "Connection": "close"})
        response = connection.getresponse()
        content = response.read(_MAX_ANSWER + 1)
        if len(content) > _MAX_ANSWER:
            raise http.client.HTTPException
        return Answer(response.status, content, response.headers.get("Content-Type", ""))


def _place(url: str) -> Address:
    """Scheme, host, port and path of a submission prefix, or a refusal."""
    return service_address(
        url,
        "CW-LEDGER-WITNESS-URL",
        "The address of a witness is https://..., or http:// on this machine.",
    )


def _unreachable(host: str) -> Unavailable:
    return Unavailable(
        "CW-LEDGER-WITNESS-UNREACHABLE",
        f"The witness at {host} does not answer.",
        remedy="Try again later; until then the ledger's newest checkpoint is not witnessed by it.",
    )
