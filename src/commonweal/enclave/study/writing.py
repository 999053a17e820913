"""Files in the folder for outputs: written whole or not at all, under plain names."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from commonweal.enclave.study.columns import Json
from commonweal.enclave.study.errors import StudyError

DECLARATION = "study.yaml"
_FILE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,63}", re.ASCII)
_OURS = frozenset({"outputs.json", "release.json", DECLARATION})
_PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".pt", ".pth", ".npy", ".npz", ".rds", ".sav"})
"""Files that run code when they are read, or often do; they never leave."""


def file_name(name: object, argument: str = "name") -> str:
    """The name of an output file. Raises `StudyError`."""
    fits = isinstance(name, str) and _FILE.fullmatch(name) is not None
    if not isinstance(name, str) or not fits or name.endswith("."):
        raise StudyError(
            f"{argument}: a file is named with 1 to 64 letters, digits, dots, dashes and "
            "underscores, beginning with a letter or digit, and no folder."
        )
    if name.casefold() in _OURS:
        raise StudyError(f"{argument}: {name} is the name of a file of the enclave's own.")
    if Path(name).suffix.lower() in _PICKLES:
        raise StudyError(
            f"{argument}: files of the kind {Path(name).suffix} run code when they are read, so "
            "they never leave. Models leave as .onnx, .safetensors or .json."
        )
    return name


@dataclass
class Writer:
    """Writes files into one folder, and says once of each that the declaration does not name."""

    folder: Path
    _said: set[str] = field(default_factory=set)

    def request(self, name: str, request: Json) -> Path:
        """Write a request as `name.json`."""
        return self.content(f"{name}.json", as_bytes(request))

    def content(self, name: str, content: bytes) -> Path:
        """Write `content` as the file `name`, in place of an earlier one."""
        path = self.folder / file_name(name)
        beside = self.folder / f".{secrets.token_hex(8)}.part"
        try:
            with beside.open("xb") as sink:
                sink.write(content)
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            reason = error.strerror or "unknown reason"
            raise StudyError(f"{name} cannot be written: {reason}.") from None
        self._look_up(name)
        return path

    def _look_up(self, name: str) -> None:
        """Outputs that are not declared are not collected: better said now than found out."""
        if name in self._said:
            return
        self._said.add(name)
        try:
            declared = Path(DECLARATION).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return
        named = rf"(?<![\w.-])[\"']?{re.escape(name)}[\"']?(?![\w.-])"
        if re.search(rf"file:\s*{named}", declared) is None:
            sys.stderr.write(
                f"{name} is not among the outputs that {DECLARATION} declares, so it will not be "
                "collected.\n"
            )


def as_bytes(plain: Json) -> bytes:
    """A document as it is written: sorted, indented, for people to read as well."""
    text = json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def sha256(content: bytes) -> str:
    """`sha256:` and the digest."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def given_bytes(given: object, argument: str) -> bytes:
    """What a researcher gave as a file's content: bytes, a text, or the path of a file.

    A text is content; only a `Path` (or what has `__fspath__`) names a file.
    """
    if isinstance(given, bytes | bytearray | memoryview):
        return bytes(given)
    if isinstance(given, str):
        return given.encode()
    if isinstance(given, os.PathLike):
        path = Path(os.fspath(given))
        try:
            return path.read_bytes()
        except OSError:
            raise StudyError(f"{argument}: the file {path.name} cannot be read.") from None
    raise StudyError(f"{argument}: give bytes, a text or a pathlib.Path.")
