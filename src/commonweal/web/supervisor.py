"""`commonweal serve`: makes the database ready, starts the server, and stops everything together.

The only module of the service that starts processes. Children get a session of their own, so that
a Ctrl-C at the terminal reaches the supervisor alone; it passes SIGTERM on, waits, and kills what
does not end. When one child ends by itself, all end. Should the supervisor be killed, the kernel
tells its children.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from commonweal.foundation.errors import (
    CommonwealError,
    Failure,
    Fault,
    Refused,
    Unavailable,
    WrongUsage,
)
from commonweal.web.config.environment import HOME, LOCALHOST, Environment, is_loopback
from commonweal.web.config.trusting import look_at_home
from commonweal.web.memory import forget_key

START_SECONDS = 60.0
STOP_SECONDS = 15.0
_PAUSE_SECONDS = 0.1
_THREADS = "4"
WORKERS = ("signer", "vault", "enclave", "airlock")
"""The rooms in which a worker runs beside the server."""
_PR_SET_PDEATHSIG = 1
Say = Callable[[str], None]


@dataclass(frozen=True)
class Service:
    """What is to be served, from which home, where."""

    environment: Environment
    host: str
    port: int

    @property
    def address(self) -> str:
        """Where people open it."""
        if self.environment.behind_proxy:
            return f"https://{self.environment.names[0]}"
        shown = LOCALHOST if is_loopback(self.host) else self.host
        return f"http://{shown}:{self.port}"


def checked_service(home: Path, host: str, port: int, said: Mapping[str, str]) -> Service:
    """The service, if it may run so.

    Raises `WrongUsage` CW-WEB-EXTRA or CW-WEB-SETTING, `Refused` CW-WEB-PERSONA for a demonstration
    that others could reach, and what looking at the home raises.
    """
    require_installed()
    environment = Environment.read({**said, HOME: str(home)})
    kind = look_at_home(environment.home)
    if kind.is_demonstration and (environment.behind_proxy or not is_loopback(host)):
        raise Refused(
            "CW-WEB-PERSONA",
            "A demonstration is served on this machine only, and never behind a proxy.",
            remedy="Leave out --host and COMMONWEAL_WEB_TLS.",
        )
    if environment.insecure_http and not is_loopback(host):
        raise WrongUsage(
            "CW-WEB-SETTING",
            "Without encryption the service listens on this machine only.",
            remedy="Put a proxy that encrypts in front and set COMMONWEAL_WEB_TLS=proxy.",
        )
    return Service(environment, host, port)


def require_installed() -> None:
    """Raise `WrongUsage` CW-WEB-EXTRA unless the service's packages are here."""
    if importlib.util.find_spec("django") is None or importlib.util.find_spec("granian") is None:
        raise WrongUsage(
            "CW-WEB-EXTRA",
            "The service is not installed.",
            remedy="Install Commonweal with the extra: pip install 'commonweal[web]'.",
        )


def serve(service: Service, say: Say, *, workers: bool = True) -> int:
    """Serve until told to stop (SIGTERM, SIGINT); returns the exit code.

    `workers`: start a worker of each room beside the server, as processes of their own.

    Raises `Unavailable` CW-WEB-PORT, CW-WEB-DATABASE or CW-WEB-STOPPED.
    """
    refuse_taken_port(service.host, service.port)
    variables = _variables(service)
    said = _prepare(variables)
    if said.get("people"):
        say(f"Made {said['people']} made-up people to sign in as.")
    commands = {"web": _server(service)}
    if workers:
        commands |= {room: _worker(room) for room in WORKERS}
    try:
        return Supervisor(commands, variables).run(
            lambda: _answers(service), lambda: _announce(service, say)
        )
    finally:
        forget_key(service.environment.home)


def refuse_taken_port(host: str, port: int) -> None:
    """Raise `Unavailable` CW-WEB-PORT unless the port can be listened on now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise Unavailable(
                "CW-WEB-PORT",
                f"Port {port} of {host} cannot be used: another program may hold it.",
                remedy="Name another with --port.",
            ) from error


def _variables(service: Service) -> dict[str, str]:
    return {
        **os.environ,
        HOME: str(service.environment.home),
        "COMMONWEAL_WEB_ADDRESS": os.environ.get("COMMONWEAL_WEB_ADDRESS", service.address),
        "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings",
        "PYTHONUNBUFFERED": "1",
    }


def _prepare(variables: Mapping[str, str]) -> dict[str, Any]:
    return told_by(
        "commonweal.web.prepare", variables, "The service's database could not be made ready."
    )


def told_by(module: str, variables: Mapping[str, str], otherwise: str) -> dict[str, Any]:
    """What a module of ours says that runs in a process of its own and ends (`prepare.tell`).

    Raises the error that it says, and `Failure` CW-WEB-STOPPED with the sentence `otherwise` where
    it says nothing.
    """
    command = [sys.executable, "-m", module]
    done = subprocess.run(  # noqa: S603 (our own module)
        command, check=False, env=dict(variables), stdin=subprocess.DEVNULL, capture_output=True
    )
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    try:
        said = json.loads(lines[-1]) if lines else {}
    except ValueError:
        said = {}
    if not isinstance(said, dict) or (done.returncode and "error" not in said):
        raise Failure("CW-WEB-STOPPED", otherwise)
    if "error" in said:
        raise _retold(said["error"], int(said.get("exit", 1)))
    return said


def _retold(told: Mapping[str, str], exit_code: int) -> CommonwealError:
    kinds: dict[int, type[CommonwealError]] = {
        2: WrongUsage, 3: Fault, 4: Refused, 5: Unavailable,
    }  # fmt: skip
    kind = kinds.get(exit_code, Failure)
    return kind(told["code"], told["sentence"], remedy=told.get("remedy"))


def _server(service: Service) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *("--host", "127.0.0.1" if service.host == LOCALHOST else service.host),
        *("--port", str(service.port), "--workers", "1", "--blocking-threads", _THREADS),
        *(
            "--http",
            "1",
            "--workers-kill-timeout",
            "5",
            "--no-access-log",
            "--log-level",
            "warning",
        ),
        "commonweal.web.config.wsgi:application",
    ]


def _worker(room: str) -> list[str]:
    return [sys.executable, "-m", "commonweal.web.config.workers", room]


def _answers(service: Service) -> bool:
    host = "127.0.0.1" if service.host in (LOCALHOST, "0.0.0.0") else service.host  # noqa: S104
    try:
        with socket.create_connection((host, service.port), timeout=2):
            return True
    except OSError:
        return False


def _announce(service: Service, say: Say) -> None:
    say(f"Commonweal is at {service.address} (process {os.getpid()}, port {service.port}).")
    say("Stop it with Ctrl-C.")


def _die_with_parent() -> None:
    # Runs in the child before it becomes the program; prctl is Linux, as is all of this.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Starts processes by name and keeps them together: all run, or none."""

    def __init__(self, commands: Mapping[str, Sequence[str]], variables: Mapping[str, str]) -> None:
        self.commands = commands
        self.variables = dict(variables)
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self._told: int | None = None

    def run(self, ready: Callable[[], bool], announce: Callable[[], None]) -> int:
        """Start all, announce when `ready`, watch; 0 when told to stop.

        Raises `Unavailable` CW-WEB-STOPPED when a child ends by itself or is never ready. Whatever
        happens, no child is left.
        """
        before = {one: signal.signal(one, self._tell) for one in (signal.SIGTERM, signal.SIGINT)}
        try:
            for name, command in self.commands.items():
                self.children[name] = self._start(command)
            if self._await(ready):
                announce()
            while self._told is None:
                self._refuse_dead()
                time.sleep(_PAUSE_SECONDS)
        finally:
            self.stop()
            for one, handler in before.items():
                signal.signal(one, handler)
        return 0

    def stop(self) -> None:
        """Ask every child to end, wait, and kill what does not."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        ends = time.monotonic() + STOP_SECONDS
        for child in self.children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=max(0.1, ends - time.monotonic()))
            # Its whole session: a server that died left workers of its own behind.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def _tell(self, number: int, _frame: FrameType | None) -> None:
        self._told = number

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 (our own commands)
            list(command),
            env=self.variables,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 (there are no threads yet)
        )

    def _await(self, ready: Callable[[], bool]) -> bool:
        ends = time.monotonic() + START_SECONDS
        while self._told is None:
            self._refuse_dead()
            if ready():
                return True
            if time.monotonic() > ends:
                raise Unavailable("CW-WEB-STOPPED", "The service did not begin to answer.")
            time.sleep(_PAUSE_SECONDS)
        return False

    def _refuse_dead(self) -> None:
        for name, child in self.children.items():
            code = child.poll()
            if code is not None:
                raise Unavailable(
                    "CW-WEB-STOPPED",
                    f"The part {name} of the service ended by itself (code {code}); all was "
                    "stopped.",
                    remedy="Its last words are above.",
                )
