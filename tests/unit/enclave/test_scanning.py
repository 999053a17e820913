"""What is read of a file that comes in: what it says it is, and nobody's numbers in it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import pickle
import zipfile
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.enclave.scanning import FORMS, TooMuch, Unfit, parse
from tests.unit.choices.helpers import nhs_numbers

PEOPLE = nhs_numbers(8)


def read(form: str, content: bytes) -> dict[str, Any]:
    return parse(io.BytesIO(content), {"form": form})


def parquet(**columns: list[Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def tensors(head: Any, data: bytes = b"", *, length: int | None = None) -> bytes:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def tensor(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


GOOD = {"a": tensor("F32", [2, 3], 0, 24), "b": tensor("I64", [1], 24, 32)}


def wheel(files: dict[str, bytes], *, record: str | None = None, link: str = "") -> bytes:
    sink = io.BytesIO()
    name = "x-1.dist-info/RECORD"
    lines = [
        f"{one},sha256={base64.urlsafe_b64encode(hashlib.sha256(c).digest()).rstrip(b'=').decode()}"
        f",{len(c)}"
        for one, c in files.items()
    ]
    said = "\n".join([*lines, f"{name},,"]) if record is None else record
    with zipfile.ZipFile(sink, "w") as archive:
        for one, content in files.items():
            info = zipfile.ZipInfo(one)
            info.external_attr = (0o120777 if one == link else 0o100644) << 16
            archive.writestr(info, content)
        archive.writestr(name, said)
    return sink.getvalue()


def test_what_comes_in() -> None:
    assert read("csv", b"lsoa,imd\nE01,3\nE02,9\n") == {"form": "csv", "rows": 2, "columns": 2}
    assert read("csv", "\ufeffname,n\nå,1\n".encode())["rows"] == 1
    found = read("parquet", parquet(lsoa=["E01", "E02", None], imd=[1, 2, None]))
    assert found == {"form": "parquet", "rows": 3, "columns": 2}
    assert read("safetensors", tensors(GOOD, bytes(32)))["tensors"] == 2
    assert read("wheel", wheel({"x/__init__.py": b"", "x/a.py": b"1"}))["files"] == 3
    # Ten digits that are no NHS numbers, or very few that are by chance.
    assert read("csv", f"code,n\n{PEOPLE[0]},1\n1234567890,2\n0000000000,3\n".encode())["rows"] == 3


def test_safetensors_as_their_own_library_writes_them() -> None:
    import safetensors.numpy

    content = safetensors.numpy.save({"w": np.zeros((4, 5), np.float32), "b": np.ones(3, np.int64)})
    assert read("safetensors", content)["tensors"] == 2


MANY = "\n".join(PEOPLE)
UNFIT: dict[str, tuple[str, bytes]] = {
    "rows of another length": ("csv", b"a,b\n1\n"),
    "no columns": ("csv", b""),
    "a column without a name": ("csv", b"a,\n1,2\n"),
    "a column twice": ("csv", b"a,a\n1,2\n"),
    "a column of NHS numbers by name": ("csv", b"NHS Number,b\n1,2\n"),
    "NHS numbers": ("csv", f"id\n{MANY}\n".encode()),
    "NHS numbers with spaces": (
        "csv",
        ("id\n" + "\n".join(f"{n[:3]} {n[3:6]} {n[6:]}" for n in PEOPLE)).encode(),
    ),
    "NHS numbers in a sentence": ("csv", ("id\n" + " and ".join(PEOPLE)).encode()),
    "a NUL": ("csv", b"a\n\0\n"),
    "bytes that are no text": ("csv", b"a\n\xff\n"),
    "an open quote": ("csv", b'a\n"x\n'),
    "a pickle as CSV": ("csv", pickle.dumps({"a": [1, 2]})),
    "a CSV as Parquet": ("parquet", b"a,b\n1,2\n"),
    "a Parquet that is cut": ("parquet", parquet(a=[1, 2, 3])[:-9]),
    "NHS numbers in Parquet": ("parquet", parquet(id=PEOPLE)),
    "NHS numbers as numbers": ("parquet", parquet(id=[int(n) for n in PEOPLE])),
    "a pickle as weights": ("safetensors", pickle.dumps([1, 2, 3])),
    "nothing": ("safetensors", b""),
    "a header that is longer than the file": ("safetensors", tensors(GOOD, b"", length=1 << 40)),
    "a header that is no JSON": ("safetensors", tensors(b"{]")),
    "a header that is a list": ("safetensors", tensors([])),
    "a name twice": ("safetensors", tensors(b'{"a": {}, "a": {}}')),
    "an unknown type": ("safetensors", tensors({"a": tensor("PY", [1], 0, 1)}, b"x")),
    "another size": ("safetensors", tensors({"a": tensor("F32", [2], 0, 4)}, bytes(4))),
    "a negative side": ("safetensors", tensors({"a": tensor("U8", [-1], 0, 1)}, b"x")),
    "a true side": ("safetensors", tensors({"a": tensor("U8", [True], 0, 1)}, b"x")),  # type: ignore[list-item]
    "a gap": ("safetensors", tensors({"a": tensor("U8", [1], 1, 2)}, b"xx")),
    "an overlap": (
        "safetensors",
        tensors({"a": tensor("U8", [2], 0, 2), "b": tensor("U8", [2], 1, 3)}, b"xxx"),
    ),
    "bytes behind": ("safetensors", tensors({"a": tensor("U8", [1], 0, 1)}, b"x; import os")),
    "more keys": (
        "safetensors",
        tensors({"a": tensor("U8", [1], 0, 1) | {"code": "x"}}, b"x"),
    ),
    "words that are no text": ("safetensors", tensors({"__metadata__": {"a": 1}})),
    "a zip that is no package": ("wheel", wheel({}, record="")),
    "no zip": ("wheel", b"PK"),
    "a file that the record does not know": (
        "wheel",
        wheel({"x.py": b"1"}, record="x-1.dist-info/RECORD,,"),
    ),
    "a file that is another": (
        "wheel",
        wheel({"x.py": b"1"}, record="x.py,sha256=AAAA,1\nx-1.dist-info/RECORD,,"),
    ),
    "a way out": ("wheel", wheel({"../x.py": b"1"})),
    "an absolute name": ("wheel", wheel({"/etc/x.py": b"1"})),
    "a link": ("wheel", wheel({"x.py": b"/etc/passwd"}, link="x.py")),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_does_not_come_in(name: str) -> None:
    form, content = UNFIT[name]
    with pytest.raises(Unfit) as caught:
        read(form, content)
    assert caught.value.parse_kind == "invalid"
    assert not any(number in str(caught.value) for number in PEOPLE)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.enclave import scanning

    monkeypatch.setattr(scanning, "MOST_UNPACKED", 100)
    with pytest.raises(TooMuch):
        read("wheel", wheel({"x.py": b"1" * 200}))
    monkeypatch.setattr(scanning, "MOST_ROWS", 2)
    with pytest.raises(TooMuch):
        read("csv", b"a\n1\n2\n3\n")
    with pytest.raises(TooMuch):
        read("parquet", parquet(a=[1, 2, 3]))


@given(st.sampled_from(FORMS), st.binary(max_size=300))
def test_whatever_comes_is_read_or_unfit(form: str, content: bytes) -> None:
    try:
        found = read(form, content)
    except (Unfit, TooMuch):
        return
    assert found["form"] == form
