"""Collecting what a run left, beside a slow and obvious twin."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import Fault
from commonweal.sandbox.collecting import Collected, Declaration, Declared, collect

NAMES = st.sampled_from(["a", "b", "c", "A", ".a", "a b"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
PLAIN = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)
KINDS = st.sampled_from(["file"] * 6 + ["folder", "link", "pipe", "twin", "hole", "set-id"])
LEFT = st.dictionaries(PATHS, st.tuples(KINDS, st.integers(0, 9_000)), max_size=4)
DECLARED = st.dictionaries(PLAIN, st.tuples(st.integers(0, 9_000), st.booleans()), max_size=3)


def make(folder: Path, left: dict[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    """Leave things; what could be left (a name may be taken already), by path."""
    made = {}
    for path, (kind, size) in left.items():
        place = folder / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if kind == "folder":
                place.mkdir()
            elif kind == "link":
                place.symlink_to("/etc/passwd")
            elif kind == "pipe":
                os.mkfifo(place)
            else:
                with place.open("xb") as stream:
                    if kind == "hole":
                        stream.truncate(size + 100_000)
                    stream.write(b"x" * size)
                if kind == "twin":
                    os.link(place, folder / "twin-of-another")
                if kind == "set-id":
                    place.chmod(0o4644)
        except OSError:
            continue
        made[path] = (kind, size)
    return made


def obvious(
    folder: Path, made: dict[str, tuple[str, int]], declared: dict[str, tuple[int, bool]], most: int
) -> dict[str, bytes] | None:
    """The files that are taken, or None where anything is wrong with anything."""
    needed = {str(parent) for path in declared for parent in Path(path).parents}
    for place in folder.rglob("*"):
        path = str(place.relative_to(folder))
        if place.is_dir() and not place.is_symlink():
            if path not in needed:
                return None
        elif path not in declared or made.get(path, ("", 0))[0] != "file":
            return None
    taken = {p: (folder / p).read_bytes() for p in declared if (folder / p).is_file()}
    if any(len(content) > declared[path][0] for path, content in taken.items()):
        return None
    if any(required and path not in taken for path, (_, required) in declared.items()):
        return None
    return taken if sum(map(len, taken.values())) <= most else None


@given(left=LEFT, declared=DECLARED, most=st.integers(0, 20_000))
def test_the_same_as_the_obvious_twin(
    left: dict[str, tuple[str, int]], declared: dict[str, tuple[int, bool]], most: int
) -> None:
    inside = [path for path in declared if not any(p.startswith(path + "/") for p in declared)]
    kept = {path: declared[path] for path in inside}
    declaration = Declaration(tuple(Declared(p, s, r) for p, (s, r) in kept.items()), most)
    with tempfile.TemporaryDirectory() as top:
        folder, into = Path(top, "left"), Path(top, "taken")
        folder.mkdir()
        made = make(folder, left)
        expected = obvious(folder, made, kept, most)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        taken: tuple[Collected, ...] = ()
        refused: Fault | None = None
        try:
            taken = collect(descriptor, declaration, into, owner=os.geteuid())
        except Fault as error:
            refused = error
        os.close(descriptor)
        if refused is not None:
            assert refused.code.startswith("CW-COLLECT-")
            assert expected is None, refused.sentence
            assert not into.exists()
            return
        assert expected is not None
        assert {one.path: one.sha256 for one in taken} == {
            path: "sha256:" + hashlib.sha256(content).hexdigest()
            for path, content in expected.items()
        }
        assert {path: (into / path).read_bytes() for path in expected} == expected
        for place in [into, *into.rglob("*")]:
            if place.is_dir():
                place.chmod(0o700)  # so that the test can clear up, when it is not root
