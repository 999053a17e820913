"""Attack: a study hides from who judges its outputs the file that does the work.

People look at the code of what the checks cannot vouch for (S1). A page shows so many files, of so
many bytes, that are text. An author fills the first places with harmless files, pads one, or writes
in latin-1, which Python runs as well: what is not shown must be named, on the page itself.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.web.conftest import Page, db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.review_house import OUT, furnish, signed_in

STUDY = f"sha256:{'5' * 64}"
EVIL = "import os  # reads one person's row\n"


def _told(base: Path, files: dict[str, bytes]) -> dict[str, str | None]:
    from commonweal.web.outputs.workers.papers import code_of

    folder = base / "enclave" / "studies" / STUDY.removeprefix("sha256:")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    custody: Any = SimpleNamespace(home=SimpleNamespace(path=base))
    return code_of(custody, STUDY)


@pytest.mark.parametrize(
    "files",
    [
        {**{f"a{number:03}.py": b"pass\n" for number in range(60)}, "z.py": EVIL.encode()},
        {"main.py": b"import z\n", "z.py": EVIL.encode() + b"#" * 200_000},
        {"main.py": b"import z\n", "z.py": b"# coding: latin-1\n# \xe9\n" + EVIL.encode()},
        {"main.py": b"import z\n", "z.py": EVIL.encode() + b"#\0\n"},
    ],
    ids=["many", "long", "latin-1", "nul"],
)
def test_a_file_that_is_not_shown_is_named(
    db: None,  # noqa: F811
    tmp_path: Path,
    files: dict[str, bytes],
) -> None:
    told = _told(tmp_path, files)
    assert set(told) == set(files)
    assert told["z.py"] is None


def test_the_page_names_what_it_does_not_show(db: None) -> None:  # noqa: F811
    furnish()
    address = f"/outputs/review/{OUT}/code"
    words = "This page does not show all of the code."
    assert words not in Page(signed_in("tara").get(address)).text
    row = _row()
    row.code = {**row.code, "deep/z.py": None}
    row.save()
    text = Page(signed_in("tara").get(address)).text
    assert words in text
    assert "deep/z.py" in text
    first = Page(signed_in("tara").get(f"/outputs/review/{OUT}/")).text
    assert "Not all of its code can be shown here." in first


def _row() -> Any:
    from commonweal.web.outputs.models import ReviewPapers

    return ReviewPapers.objects.get(output__reference=OUT)
