"""The entry point: runs a command and turns whatever happens into an exit code (INTERFACES).

A refusal or fault is one sentence with its stable code and remedy on standard error, or with
`--json` one JSON document on standard output. An error that is not ours shows its kind and never
its message, which could hold a patient's value; `COMMONWEAL_DEBUG=1` adds where it happened.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import typer

from commonweal.cli.app import needed
from commonweal.cli.show import printable
from commonweal.foundation.errors import CommonwealError, Failure, WrongUsage
from commonweal.foundation.files import translate

INTERRUPTED = 130
DEBUG = "COMMONWEAL_DEBUG"

# Typer carries its own copy of click; its public exception tells where the others are.
_Usage: Any = typer.BadParameter.__mro__[1]
_Click: Any = typer.BadParameter.__mro__[2]


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; `arguments` are those of the process unless given. Returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    with _ended_as_by_hand():
        return _run(given, "--json" in given)


def _run(given: list[str], as_json: bool) -> int:
    try:
        code = _invoke(given)
        sys.stdout.flush()
    except BrokenPipeError:
        return _pipe_closed()
    except (KeyboardInterrupt, typer.Abort):
        interrupted = Failure("CW-INTERRUPTED", "The command was interrupted.")
        return _told(interrupted, as_json, INTERRUPTED)
    except CommonwealError as error:
        return _told(error, as_json)
    except _Click as error:
        return _misused(error, as_json)
    except OSError as error:
        if error.errno == errno.EPIPE:
            return _pipe_closed()
        named = error.filename if isinstance(error.filename, str) else None
        return _told(translate(error, Path(named).name if named else "a file"), as_json)
    except Exception as error:  # noqa: BLE001 (the last stop: nothing may leave as a traceback)
        return _unknown(error, as_json)
    return code


def _invoke(given: list[str]) -> int:
    command = cast("Any", typer.main.get_command(needed(given)))
    result = command.main(given, prog_name="commonweal", standalone_mode=False)
    if result == INTERRUPTED:
        # Typer makes an exit code of an interruption; it deserves its sentence.
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


@contextlib.contextmanager
def _ended_as_by_hand() -> Iterator[None]:
    """Whoever ends the process (SIGTERM) interrupts the command: it then leaves nothing behind.

    Asked a second time, it ends at once.
    """

    def interrupted(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _told(error: CommonwealError, as_json: bool, code: int | None = None) -> int:
    try:
        if as_json:
            shown = {"error": error.as_dict()}
            typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        else:
            typer.echo(printable(f"{error.code}: {error.sentence}"), err=True)
            if error.remedy:
                typer.echo(printable(f"  {error.remedy}"), err=True)
    except BrokenPipeError:
        _pipe_closed()
    return error.exit_code if code is None else code


def _misused(error: Any, as_json: bool) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(error.format_message(), err=True)
        return WrongUsage.exit_code
    sentence = " ".join(str(error.format_message()).split()).rstrip(".") + "."
    path = error.ctx.command_path if getattr(error, "ctx", None) is not None else "commonweal"
    return _told(WrongUsage("CW-USAGE", sentence, remedy=f"See `{path} --help`."), as_json)


def _unknown(error: Exception, as_json: bool) -> int:
    if os.environ.get(DEBUG) == "1":
        # Frames only: the message of a foreign error may quote what it stumbled over.
        sys.stderr.writelines(traceback.format_tb(error.__traceback__))
    internal = Failure(
        "CW-INTERNAL",
        f"Something went wrong inside Commonweal that it does not know about "
        f"({type(error).__name__}).",
        remedy="Report it as SECURITY.md or CONTRIBUTING.md say, without any patient data; "
        f"{DEBUG}=1 shows where it happened.",
    )
    return _told(internal, as_json)


def _pipe_closed() -> int:
    # Whoever read our output has gone; the interpreter must not complain about it at its end.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
    return 1
