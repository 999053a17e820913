"""The study's declaration: what `study.yaml` says of the researcher's code before it ever runs.

Names of output files are fixed here, and the declaration is hashed with the code, because a name
that a job could choose would carry what is in the data to the outside (S4).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from commonweal.foundation.canonical import digest
from commonweal.foundation.documents import load_document
from commonweal.papers.base import Identifier, Line, Paper, Value, named_twice

NAME = "study.yaml"
"""The file of the declaration, at the top of a study."""

OutputKind = Literal["request", "file", "figure", "model", "person_column"]
"""What a study leaves. `person_column`: a value for each person, which requests may look at; it
never leaves."""
OUTPUT_KINDS: tuple[OutputKind, ...] = get_args(OutputKind)

RESERVED = frozenset({"outputs.json", "release.json", NAME})
"""Names of files of ours that lie near outputs: no output is called like one."""

PERSON_COLUMN = ".column"
"""How the file of a person column ends; before it stands the column's name."""
MAX_ARGUMENTS = 64
MAX_OUTPUTS = 200
MAX_REFERENCES = 50


def tree_hash(files: Iterable[tuple[str, str]]) -> str:
    """The hash of a study from the paths and hashes of its files, in whatever order they come."""
    return digest({"study": 1, "files": [list(one) for one in sorted(files)]})


def _one_dot_at_a_time(name: str) -> str:
    if ".." in name or name.endswith("."):
        raise ValueError("a file's name has no two dots together and none at its end")
    return name


FileName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", max_length=64),
    AfterValidator(_one_dot_at_a_time),
]
"""The name of a file without a folder: letters, digits, dots, dashes and underscores."""
StudyPath = Annotated[
    str,
    StringConstraints(
        pattern=r"^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,63}/){0,7}[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$",
        max_length=512,
    ),
    AfterValidator(_one_dot_at_a_time),
]
"""A file of a study: at most 7 folders and a name, with forward slashes, none of them hidden."""


def _yes_or_nothing(value: Any) -> Any:
    return None if value is False else value


Switch = Annotated[Literal[True] | None, BeforeValidator(_yes_or_nothing)]
"""Yes, or nothing at all: a study that does not ask keeps the hash that it had before one could."""


class DeclaredOutput(Paper):
    """One file that the study leaves. `about`: for whoever looks at it in the airlock."""

    file: FileName
    kind: OutputKind
    about: Line

    @model_validator(mode="after")
    def _name_fits(self) -> DeclaredOutput:
        if self.file.casefold() in RESERVED:
            raise ValueError("an output has the name of a file of ours")
        if self.kind == "request" and not self.file.endswith(".json"):
            raise ValueError("the file of a request ends in .json")
        if (self.kind == "person_column") != self.file.endswith(PERSON_COLUMN):
            raise ValueError("the file of a person column, and no other, ends in .column")
        return self


class StudyLimits(Paper):
    """What the study asks for: minutes by the clock, memory in GiB, outputs together in MiB.

    `checkpoints_mb`: what it keeps for a next attempt, in MiB; only where it keeps something.
    """

    minutes: Annotated[int, Field(ge=1, le=14 * 24 * 60)] = 60
    memory_gb: Annotated[int, Field(ge=1, le=1024)] = 4
    outputs_mb: Annotated[int, Field(ge=1, le=10_240)] = 64
    checkpoints_mb: Annotated[int, Field(ge=1, le=65_536)] | None = None


class StudyDeclaration(Paper):
    """What a study is, how it is started and what it leaves.

    `command`: a program of the runtime and its arguments, started in the study's folder; there is
    no shell. `runtime`: the name of an environment that the custodian built. `reference`: names of
    reference tables and weights that came in through the ingress check (P11). `checkpoints`:
    whether what it writes to `/checkpoints` is kept for its next attempt where we cut it off.
    `gpu`: whether it asks for the custodian's devices for calculations.
    """

    study: Literal[1]
    title: Line
    command: Annotated[tuple[Value, ...], Field(min_length=1, max_length=MAX_ARGUMENTS)]
    runtime: Identifier = "python"
    outputs: Annotated[tuple[DeclaredOutput, ...], Field(min_length=1, max_length=MAX_OUTPUTS)]
    limits: StudyLimits = StudyLimits()
    reference: Annotated[tuple[FileName, ...], Field(max_length=MAX_REFERENCES)] = ()
    checkpoints: Switch = None
    gpu: Switch = None

    @model_validator(mode="after")
    def _hangs_together(self) -> StudyDeclaration:
        program = self.command[0]
        if not program or "/" in program or program.startswith((".", "-")):
            raise ValueError("the command begins with the name of a program, not a path")
        if named_twice([output.file for output in self.outputs]) is not None:
            raise ValueError("an output is declared twice")
        if named_twice(list(self.reference)) is not None:
            raise ValueError("a reference is named twice")
        if self.limits.checkpoints_mb is not None and not self.checkpoints:
            raise ValueError("room for checkpoints is asked for, and no checkpoints")
        return self

    @classmethod
    def load(cls, path: Path) -> StudyDeclaration:
        """Read `study.yaml`. Raises `PaperInvalid` CW-STUDY-INVALID and file faults."""
        what = "The study's declaration"
        return cls.read(load_document(path, what), f"{what} ({path.name})", "CW-STUDY-INVALID")

    def kind_of(self, file: str) -> OutputKind:
        """The kind of a declared file. Raises KeyError."""
        return {output.file: output.kind for output in self.outputs}[file]
