"""The tutorial, run command by command, and its output held against what the page shows.

Each of its commands is a new interpreter, as it is for a reader; those of the how-to pages are not.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import Block, blocks, faults, matches, run_blocks

PAGE = "docs/tutorial/first-release.md"


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("490 of 12\n", "491 of 12\n", True),
        ("490 of 12\n", "490 of 13\n", False),
        ("490 of 12\n", "many of 12\n", False),
        ("a\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n…\n", "a\nb\nc\n", True),
        ("a\n…\nz\n", "a\nz\n", True),
        ("a\n…\nz\n", "a\nb\ny\n", False),
        ("took … seconds.\n", "took 3.1 seconds.\n", True),
        ("took … seconds.\n", "took 3.1\nseconds.\n", False),
        ("took … seconds.\n", "took 3.1 minutes.\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_only_what_is_marked_may_differ(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed, ("490",)) is same


def test_blocks_are_found_with_what_they_print() -> None:
    text = """
```sh
one
```

<!-- differs: 1 2 -->
```text
printed
```

```sh
two
```
Words between.
```text
a file, not an output
```

- a list

  ```sh
  three
    deeper
  ```

<!-- not run: it needs the network -->
```sh
four
```
```json
{}
```
"""
    assert blocks(text) == [
        Block(2, "one\n", "printed\n", ("1", "2")),
        Block(11, "two\n"),
        Block(21, "three\n  deeper\n"),
    ]


@pytest.mark.parametrize(
    ("commands", "codes"),
    [
        (["true", "true"], [0, 0]),
        (["false\ntrue", "true"], [1]),
        (["export A=1", 'test "$A" = 1', "(exit 7)", "true"], [0, 0, 7]),
        (["false || true"], [0]),
    ],
)
def test_a_command_that_fails_ends_the_page(
    repository: Path, tmp_path: Path, commands: list[str], codes: list[int]
) -> None:
    found = [Block(line, text) for line, text in enumerate(commands)]
    results = run_blocks(found, repository, tmp_path / "work", fresh=True)
    assert [code for code, _ in results] == codes
    assert bool(faults("page", found, results)) is any(codes)


def test_every_command_of_the_tutorial_does_what_the_page_shows(
    repository: Path, tmp_path: Path
) -> None:
    found = blocks((repository / PAGE).read_text(encoding="utf-8"))
    assert len(found) >= 20
    assert sum(block.shown is not None for block in found) >= 15
    said = faults(PAGE, found, run_blocks(found, repository, tmp_path, fresh=True))
    assert not said, "\n".join(said)
