"""A mail server for tests: speaks SMTP on a port of this machine, with or without TLS.

No library for it is locked, and what the service needs of one is a dozen commands.
"""

from __future__ import annotations

import datetime as dt
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@dataclass
class Mail:
    """One mail as it came in: from and to whom it was handed over, and whether encrypted."""

    sender: str
    to: list[str]
    content: Message
    encrypted: bool

    @property
    def text(self) -> str:
        return bytes(self.content.get_payload(decode=True)).decode()  # type: ignore[arg-type]


@dataclass
class MailServer:
    """What came in. `refuses`: the answer to each mail instead of taking it."""

    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)
    refuses: str = ""
    mode: str = "none"
    context: ssl.SSLContext | None = None


def certificate(folder: Path) -> Path:
    """A certificate for localhost with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "mail.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    state: MailServer

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up in the middle of a handshake is part of the tests."""


class _Session(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.state: MailServer = self.server.state  # type: ignore[attr-defined]
        self.encrypted = self.state.mode == "tls"
        if self.encrypted:
            assert self.state.context is not None
            self.request = self.state.context.wrap_socket(self.request, server_side=True)
        self.lines = self.request.makefile("rb")
        self.sender, self.to = "", list[str]()
        self._say("220 localhost ready")
        while line := self.lines.readline():
            word, _, rest = line.decode().strip().partition(" ")
            if word.upper() == "QUIT":
                return self._say("221 bye")
            getattr(self, f"_{word.lower()}", self._unknown)(rest)
        return None

    def _say(self, text: str) -> None:
        self.request.sendall(f"{text}\r\n".encode())

    def _unknown(self, _: str) -> None:
        self._say("502 not here")

    def _ehlo(self, _: str) -> None:
        offers = "250-STARTTLS\r\n" if self.state.mode == "starttls" and not self.encrypted else ""
        self._say(f"250-localhost\r\n{offers}250 AUTH PLAIN")

    def _starttls(self, _: str) -> None:
        assert self.state.context is not None
        self._say("220 go on")
        self.request = self.state.context.wrap_socket(self.request, server_side=True)
        self.lines, self.encrypted = self.request.makefile("rb"), True

    def _auth(self, rest: str) -> None:
        self.state.signed_in.append(rest)
        self._say("235 welcome")

    def _mail(self, rest: str) -> None:
        self.sender = rest
        self._say(self.state.refuses or "250 yes")

    def _rcpt(self, rest: str) -> None:
        self.to.append(rest.partition("<")[2].partition(">")[0])
        self._say("250 yes")

    def _rset(self, _: str) -> None:
        self._say("250 yes")

    def _data(self, _: str) -> None:
        self._say("354 go on")
        content = b""
        while (line := self.lines.readline()) != b".\r\n":
            content += line
        self.state.mails.append(
            Mail(self.sender, list(self.to), message_from_bytes(content), self.encrypted)
        )
        self.to.clear()
        self._say("250 taken")


@contextmanager
def mail_server(mode: str = "none", certified: Path | None = None) -> Iterator[MailServer]:
    """A running server. `mode`: `none`, `starttls`, or `tls` from the first byte."""
    state = MailServer(mode=mode)
    if certified is not None:
        state.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        state.context.load_cert_chain(certified)
    server = _Server(("127.0.0.1", 0), _Session)
    server.state, state.port = state, int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
