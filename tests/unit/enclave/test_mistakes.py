"""What went wrong in a study: a place in its own code and a class, whatever it wrote."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.enclave.mistakes import lines_of, mistake
from commonweal.papers.job import ERROR_CLASSES

LINES = {"main.py": 40, "lib/tables.py": 12}
HEAD = "Traceback (most recent call last):\n"
MAIN = '  File "/study/main.py", line 7, in <module>\n    run("Zebedee")\n'
LIB = '  File "/study/lib/tables.py", line 12, in run\n    x["Zebedee"]\n'
OTHER = '  File "/packages/pandas/core.py", line 900, in get\n    raise KeyError(key)\n'

TOLD: dict[str, tuple[str, tuple[str, str | None, int | None]]] = {
    "a key": (HEAD + MAIN + "KeyError: 'Zebedee'\n", ("key", "main.py", 7)),
    "the innermost of one's own files": (
        HEAD + MAIN + LIB + OTHER + "KeyError: 'Zebedee'\n",
        ("key", "lib/tables.py", 12),
    ),
    "an error without a message": (HEAD + MAIN + "AssertionError\n", ("assertion", "main.py", 7)),
    "an error of a library": (
        HEAD + MAIN + "pandas.errors.MergeError: Zebedee\n",
        ("data_frame", "main.py", 7),
    ),
    "an error of the database": (
        HEAD + MAIN + "_duckdb.BinderException: Zebedee\n",
        ("database", "main.py", 7),
    ),
    "an error of the toolkit": (
        HEAD + MAIN + "commonweal.enclave.study.errors.StudyError: Zebedee\n",
        ("study", "main.py", 7),
    ),
    "an error of its own": (HEAD + MAIN + "ZebedeeError: 47\n", ("other", "main.py", 7)),
    "an error of a package of its own": (
        HEAD + MAIN + "zebedee.KeyError: 47\n",
        ("other", "main.py", 7),
    ),
    "one after another": (
        HEAD + MAIN + "KeyError: 1\n\nDuring handling of the above exception, another "
        "exception occurred:\n\n" + HEAD + LIB + "ValueError: 2\n",
        ("value", "lib/tables.py", 12),
    ),
    "syntax": (
        '  File "/study/main.py", line 3\n    x = (\n        ^\nSyntaxError: unexpected\n',
        ("syntax", "main.py", 3),
    ),
    "nothing": ("", ("other", None, None)),
    "words": ("Zebedee had 47 stays\n", ("other", None, None)),
    "a place outside": (HEAD + OTHER + "KeyError: 1\n", ("key", None, None)),
    "a line that is not there": (
        HEAD + '  File "/study/main.py", line 41, in x\n' + "KeyError: 1\n",
        ("key", None, None),
    ),
    "line nothing": (
        HEAD + '  File "/study/main.py", line 0, in x\n' + "KeyError: 1\n",
        ("key", None, None),
    ),
    "a file that is not in the study": (
        HEAD + '  File "/study/Zebedee.py", line 1, in x\n' + "KeyError: 1\n",
        ("key", None, None),
    ),
    "a way out of the study": (
        HEAD + '  File "/study/../main.py", line 1, in x\n' + "KeyError: 1\n",
        ("key", None, None),
    ),
    "a made-up place after a real one": (
        HEAD + MAIN + '  File "/study/Zebedee.py", line 1, in x\n' + "KeyError: 1\n",
        ("key", "main.py", 7),
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_told(name: str) -> None:
    written, wanted = TOLD[name]
    found = mistake(written.encode(), LINES)
    assert (found.kind, found.file, found.line) == wanted
    assert "Zebedee" not in found.canonical().decode()


def raises(error: type[BaseException]) -> Callable[[], None]:
    def run() -> None:
        raise error("Zebedee")

    return run


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ZeroDivisionError, "arithmetic"), (AttributeError, "attribute"),
        (ModuleNotFoundError, "import"), (IndexError, "index"), (MemoryError, "memory"),
        (FileNotFoundError, "missing_file"), (UnboundLocalError, "name"),
        (PermissionError, "permission"), (RecursionError, "recursion"), (TypeError, "type"),
        (IsADirectoryError, "operating_system"), (NotImplementedError, "not_implemented"),
        (StopIteration, "other"), (KeyboardInterrupt, "other"),
    ],
)  # fmt: skip
def test_errors_as_python_writes_them(error: type[BaseException], kind: str) -> None:
    try:
        raises(error)()
    except BaseException:  # noqa: BLE001 (any of them)
        written = traceback.format_exc().replace(__file__, "/study/main.py")
    found = mistake(written.encode(), {"main.py": 10_000})
    assert (found.kind, found.file) == (kind, "main.py")


@given(st.binary(max_size=400), st.sampled_from([HEAD, MAIN, LIB, OTHER, ""]))
def test_whatever_is_written_the_answer_is_one_of_few(written: bytes, some: str) -> None:
    found = mistake(some.encode() + written, LINES)
    assert found.kind in ERROR_CLASSES
    assert found.file is None or found.file in LINES
    assert found.line is None or 1 <= found.line <= LINES[found.file or ""]


def test_lines_are_those_of_the_files(tmp_path: Path) -> None:
    for name, text in {"a.py": "", "b.py": "x", "c.py": "x\n", "d.py": "x\ny"}.items():
        (tmp_path / name).write_text(text)
    files = dict.fromkeys(("a.py", "b.py", "c.py", "d.py"), "")
    assert lines_of(tmp_path, files) == {"a.py": 1, "b.py": 1, "c.py": 1, "d.py": 2}
