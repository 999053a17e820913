"""A small hospital for tests of files: its release, its sieve, and files as people make them.

The key of the sieve lives in `token_of` here, as it lives with the vault: the airlock is handed the
function alone.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.airlock.desk import Desk
from commonweal.airlock.files.looking import FileLook, look
from commonweal.airlock.files.parsers.common import Invalid, TooLarge
from commonweal.airlock.files.people import Sieve
from commonweal.airlock.opened import OpenRelease, OpenTable
from commonweal.airlock.profile import RuleProfile
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.sandbox.parsing import Parsed
from tests.airlock_house import PERSON, released
from tests.unit.choices.helpers import nhs_numbers

SACRO = RuleProfile.load("sacro-default")
PEOPLE = 600
KEY = b"the key of the sieve"
SURNAMES = ("Okonkwo", "Featherstone", "Abernathy", "Szymanski", "Ravindran", "Young", "White",
            "Llewellyn", "O'Donovan", "Haythornthwaite")  # fmt: skip
WARDS = ("Alder", "Birch", "Cedar")


@cache
def hospital() -> dict[str, list[Any]]:
    """The people as the source knows them, and as the release shows them."""
    rng = np.random.default_rng(20)
    numbers = nhs_numbers(PEOPLE)
    return {
        "nhs": numbers,
        "surname": [f"{SURNAMES[n % 10]}{'' if n < 10 else chr(97 + n % 23) * 2}" for n in
                    range(PEOPLE)],
        "hospital": [f"RX{700_000 + 13 * n}" for n in range(PEOPLE)],
        "postcode": [f"LS{1 + n % 29} {1 + n % 9}{'ABDEFGHJLN'[n % 10]}{'PQRSTUWXYZ'[n // 60]}"
                     for n in range(PEOPLE)],
        "code": [hashlib.sha256(f"person {n}".encode()).digest()[:16] for n in range(PEOPLE)],
        "spell": [hashlib.sha256(f"spell {n}".encode()).digest()[:16] for n in range(PEOPLE)],
        "age_band": [f"{10 * int(b)} to {10 * int(b) + 9}" for b in rng.integers(2, 9, PEOPLE)],
        "ward": [WARDS[int(w)] for w in rng.integers(0, 3, PEOPLE)],
        "sex": [("female", "male")[int(s)] for s in rng.integers(0, 2, PEOPLE)],
        "nights": [int(n) for n in rng.integers(0, 60, PEOPLE)],
        "admitted": [f"2024-{1 + n % 12:02}-{1 + n % 28:02}" for n in range(PEOPLE)],
    }  # fmt: skip


def release(folder: Path) -> OpenRelease:
    """The release of the hospital: one table, codes as bytes, as the vault writes them."""
    people = hospital()
    path = folder / "stays.parquet"
    if not path.exists():
        columns = {
            PERSON: pa.array(people["code"], pa.binary()),
            "spell": pa.array(people["spell"], pa.binary()),
            "age_band": pa.array(people["age_band"]),
            "ward": pa.array(people["ward"]),
            "sex": pa.array(people["sex"]),
            "nights": pa.array(people["nights"], pa.int64()),
            "admitted": pa.array(people["admitted"]).cast(pa.date32()),
        }
        pq.write_table(pa.table(columns), path)
    described = {
        PERSON: released(PERSON, "code", "pseudonym", "record_key"),
        "spell": released("spell", "code", "record_code", "record_key"),
        "age_band": released("age_band", "text", "exact", "quasi_identifier"),
        "ward": released("ward", "text"),
        "sex": released("sex", "text", "exact", "quasi_identifier"),
        "nights": released("nights", "integer"),
        "admitted": released("admitted", "date"),
    }
    return OpenRelease("house-1-r1", {"stays": OpenTable("stays", (path,), described, PERSON)})


def token_of(texts: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    """Keyed codes of texts, 16 bytes each."""
    made = [hashlib.blake2b(text.as_py().encode(), key=KEY, digest_size=16).digest()
            for text in texts]  # fmt: skip
    return np.frombuffer(b"".join(made), np.uint8).reshape(-1, 16)


def bare(text: str) -> str:
    """The spelling of the sieve."""
    return "".join(sign for sign in text.upper() if sign.isalnum())


@cache
def sieve() -> Sieve:
    people = hospital()
    kinds = {"nhs_number": "nhs", "name": "surname", "hospital_number": "hospital",
             "postcode": "postcode"}  # fmt: skip
    pairs = {(bare(str(value)), kind) for kind, column in kinds.items() for value in people[column]}
    texts, names = zip(*sorted(pairs), strict=True)
    tokens = token_of(pa.chunked_array([pa.array(texts)]))
    return Sieve(pa.table({"token": pa.array([bytes(one) for one in tokens], pa.binary()),
                           "identifies": pa.array(names)}), token_of)  # fmt: skip


# --- files, as people make them --------------------------------------------------------------


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Any]], sign: str = ",") -> bytes:
    lines = [sign.join(str(cell) for cell in row) for row in [header, *rows]]
    return ("\n".join(lines) + "\n").encode()


def cut_of(people: Sequence[int], columns: Sequence[str]) -> list[list[Any]]:
    """Rows of people of the hospital."""
    held = hospital()
    return [[held[column][n] for column in columns] for n in people]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(pixels: npt.NDArray[np.uint8], *more: bytes, colours: int = 2) -> bytes:
    """A PNG with chunks of one's own before its end. colours: 2 for RGB, 6 for RGBA."""
    height, width = pixels.shape[:2]
    lines = np.zeros((height, 1 + pixels[0].size), np.uint8)
    lines[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(lines.tobytes())),
             chunk(b"IEND", b"")]  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def plot(seed: int = 1) -> npt.NDArray[np.uint8]:
    """A bar chart in three colours."""
    pixels = np.full((60, 90, 3), 255, np.uint8)
    heights = np.random.default_rng(seed).integers(5, 55, 8)
    for place, height in enumerate(heights):
        pixels[60 - height :, 4 + 10 * place : 10 + 10 * place] = (0, 94, 184)
    return pixels


def film_of(*pictures: npt.NDArray[np.uint8]) -> bytes:
    """A PNG that moves."""
    from PIL import Image

    first, *others = [Image.fromarray(one) for one in pictures]
    sink = io.BytesIO()
    first.save(sink, "PNG", save_all=True, append_images=others)
    return sink.getvalue()


def jpeg_of(pixels: npt.NDArray[np.uint8], **options: Any) -> bytes:
    from PIL import Image

    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "JPEG", **options)
    return sink.getvalue()


def parquet_of(columns: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> bytes:
    table = pa.table(dict(columns))
    if metadata:
        table = table.replace_schema_metadata(dict(metadata))
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def zip_of(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return sink.getvalue()


def parts_of(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


SAFE_ROWS = [("Alder", 120), ("Birch", 245), ("Cedar", 235)]


def book_of(change: Any = None) -> bytes:
    """A workbook with one sheet of safe counts, after `change(book, sheet)`."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["ward", "n"])
    for row in SAFE_ROWS:
        sheet.append(row)
    if change is not None:
        change(book, sheet)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def with_parts(archive: bytes, **more: bytes) -> bytes:
    """An archive with parts more; `__` in a name is `/`."""
    parts = parts_of(archive)
    parts |= {name.replace("__", "/"): content for name, content in more.items()}
    return zip_of(parts)


def svg_of(inside: str, attributes: str = "") -> bytes:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="90" height="60" viewBox="0 0 90 60"{attributes}>{inside}</svg>'
    ).encode()


def notebook_of(cells: Sequence[Mapping[str, Any]], **metadata: Any) -> bytes:
    return json.dumps({"cells": list(cells), "metadata": metadata, "nbformat": 4,
                       "nbformat_minor": 4}).encode()  # fmt: skip


def code(source: str, *outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "execution_count": 1,
            "outputs": list(outputs)}  # fmt: skip


class Beside:
    """A sandbox that is none: the parser runs here. For tests of what is told, never of S18."""

    def parse(
        self, module: str, file: Path, shape: Any, project: str, options: Any = None, **_: Any
    ) -> Parsed[Any]:
        data = file.read_bytes()
        try:
            said = importlib.import_module(module).parse(io.BytesIO(data), dict(options))
        except (Invalid, TooLarge) as error:
            code = "LIMIT" if error.parse_kind == "limit" else "FAILED"
            raise Fault(f"CW-PARSE-{code}", "A file is not what its parser reads.") from None
        text = json.dumps({"answer": said}, ensure_ascii=False, allow_nan=False).encode()
        told = parse_json(text, "the answer", max_bytes=64 << 20)["answer"]
        try:
            answer = shape(told)
        except (ValueError, TypeError, KeyError):
            raise Fault("CW-PARSE-ANSWER", "A parser's answer has another shape.") from None
        return Parsed(answer, "sha256:" + hashlib.sha256(data).hexdigest(), len(data))


def looked(folder: Path, name: str, content: bytes, **beside: Any) -> FileLook:
    """What is found of one file, by a parser that runs here."""
    (folder / name).write_bytes(content)
    kind = "figure" if name.endswith((".png", ".jpg", ".svg")) else "file"
    return look(folder / name, kind, Beside(), "p", SACRO, **beside)  # type: ignore[arg-type]


def desk(folder: Path, **beside: Any) -> Desk:
    """A desk whose parsers run here. For tests of what is told, never of S18."""
    return Desk(lambda: Beside(), "p", folder, **beside)  # type: ignore[arg-type,return-value]


def rules_of(seen: FileLook) -> set[str]:
    """What was found, but for the lines that stand over every declared file."""
    return {one.rule for one in seen.findings} - {"declared", "not-compared"}


COUNTS_FILE = csv_of(["ward", "n"], SAFE_ROWS)
