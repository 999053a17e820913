"""Reading a foreign file by one of our own parsers, in the sandbox, with nothing beside it (S18).

A picture, a sheet or a model file may be made to take its parser over. So every parser runs in a
sandbox of its own: it has the bytes of that one file on its standard input, no /proc, no data, no
keys, no network; and what it answers is believed only as far as it has the shape that was asked
for. The bytes are a sealed copy, so what was hashed is what was parsed, and the file on the disk
cannot be reached.

A parser is a module of ours with `parse(stream, options)`, which returns JSON values. It may raise
an error with an attribute `parse_kind` of "invalid" or "limit"; nothing else of an error travels.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault, WrongUsage
from commonweal.foundation.files import translated
from commonweal.sandbox.cgroups import Cgroups
from commonweal.sandbox.orders import MIB, JobUser, Limits, Run
from commonweal.sandbox.running import Outcome, running
from commonweal.sandbox.runtimes import CODE, python_runtime

Shaped = TypeVar("Shaped")

_MODULE = re.compile(r"commonweal(?:\.[a-z][a-z0-9_]{0,40}){1,6}", re.ASCII)
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
_ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108 (inside)
    "LANG": "C.UTF-8",
    # One thread each: a parser is one process, and threads count against its limit.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
PARSING = Limits(
    wall_seconds=30.0,
    cpu_seconds=30,
    memory_bytes=1024 * MIB,
    address_bytes=2048 * MIB,
    processes=8,
    open_files=64,
    file_bytes=MIB,
    output_bytes=MIB,
    output_files=1,
    tmp_bytes=16 * MIB,
    tmp_files=100,
    shm_bytes=MIB,
    log_bytes=4 * MIB,
    cores=1,
)
"""The limits of a parser. `log_bytes` is the size of its answer."""


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Shaped]):
    """What a parser said of a file, and the hash and size of the bytes that it read."""

    answer: Shaped
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Parsing:
    """How files are parsed here: as whom, in which cgroups, and within which limits.

    user: None where we are an ordinary user. cgroup: whether cgroups are needed.
    most_bytes: the size of the largest file that is read.
    """

    user: JobUser | None
    cgroups: Cgroups | None
    cgroup: bool
    limits: Limits = PARSING
    most_bytes: int = 256 * MIB


def parse_in_sandbox(
    module: str,
    file: Path,
    shape: Callable[[Any], Shaped],
    parsing: Parsing,
    options: Mapping[str, str | int | bool] | None = None,
) -> Parsed[Shaped]:
    """What our parser `module` says of `file`, made by `shape` into what the caller works with.

    shape: takes the parser's JSON value and returns it in its fixed form; it raises ValueError or
        TypeError for any other form (pydantic's errors are ValueErrors).
    Raises `Fault` CW-PARSE-FAILED, CW-PARSE-LIMIT or CW-PARSE-ANSWER; `Unavailable` with a code
    of the sandbox where that cannot be had. No message says anything that is in the file.
    """
    if not _MODULE.fullmatch(module):
        raise WrongUsage("CW-SANDBOX-ORDER", "Only our own modules parse files.")
    runtime, program = python_runtime()
    run = Run(
        program,
        ("-I", "-S", "-B", f"{CODE}/commonweal/sandbox/inside.py", module,
         json.dumps(dict(options or {}))),
        runtime,
        environment=tuple(_ENVIRONMENT.items()),
        limits=parsing.limits,
        cgroup=parsing.cgroup,
    )  # fmt: skip
    descriptor, digest, size = _sealed_copy(file, parsing.most_bytes)
    try:
        with running(run, parsing.user, parsing.cgroups, stdin=descriptor) as job:
            outcome = job.wait()
    finally:
        os.close(descriptor)
    return Parsed(_shaped(_answer(outcome, parsing.limits), shape), digest, size)


def _sealed_copy(file: Path, most: int) -> tuple[int, str, int]:
    """The bytes of a plain file in memory that nobody can change; their hash and number."""
    with translated("a file to be parsed"):
        source = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    copy = -1
    try:
        its = os.fstat(source)
        if not stat.S_ISREG(its.st_mode):
            raise Fault("CW-PARSE-FAILED", "What was to be parsed is not a plain file.")
        copy = os.memfd_create("file", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        digest, size = hashlib.sha256(), 0
        with translated("a file to be parsed"), os.fdopen(os.dup(copy), "wb") as sink:
            while block := os.read(source, MIB):
                size += len(block)
                if size > most:
                    raise Fault("CW-PARSE-LIMIT", f"A file is larger than {most:,} bytes.")
                digest.update(block)
                sink.write(block)
        fcntl.fcntl(copy, fcntl.F_ADD_SEALS, _SEALS)
        os.lseek(copy, 0, os.SEEK_SET)
    except BaseException:
        if copy >= 0:
            os.close(copy)
        raise
    finally:
        os.close(source)
    return copy, "sha256:" + digest.hexdigest(), size


def _answer(outcome: Outcome, limits: Limits) -> Any:
    if outcome.state == "over_limit":
        raise Fault("CW-PARSE-LIMIT", "A file took too much time or memory to read.")
    if outcome.cut or len(outcome.output) > limits.log_bytes:
        raise Fault("CW-PARSE-ANSWER", "A parser answered more than it may.")
    if outcome.state != "finished":
        raise Fault("CW-PARSE-FAILED", "A parser was ended by the file that it read.")
    try:
        said = parse_json(outcome.output, "the answer of a parser", max_bytes=limits.log_bytes)
    except CommonwealError:
        # Its sentence could quote what stands in the file.
        raise Fault("CW-PARSE-ANSWER", "A parser's answer is not valid JSON.") from None
    if not isinstance(said, dict) or len(said) != 1:
        raise Fault("CW-PARSE-ANSWER", "A parser's answer does not have its shape.")
    if said.get("failed") == "limit":
        raise Fault("CW-PARSE-LIMIT", "A file took too much memory to read.")
    if "answer" not in said:
        raise Fault("CW-PARSE-FAILED", "A file is not what its parser reads.")
    return said["answer"]


def _shaped(said: Any, shape: Callable[[Any], Shaped]) -> Shaped:
    try:
        return shape(said)
    except (ValueError, TypeError, KeyError):
        raise Fault("CW-PARSE-ANSWER", "A parser's answer does not have its shape.") from None


def with_limits(parsing: Parsing, **limits: Any) -> Parsing:
    """The same with some limits changed."""
    return replace(parsing, limits=replace(parsing.limits, **limits))
