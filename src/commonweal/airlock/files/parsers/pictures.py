"""PNG and JPEG: decoded to plain pixels of three bytes, on white. Nothing else of the file is told.

The structure is walked by hand first, since decoders pass over what they do not need: a
picture with an archive behind its end is a picture to every one of them.
"""

from __future__ import annotations

import base64
import io
import struct
import warnings
import zlib

import PIL.Image
from PIL.Image import Image

from commonweal.airlock.files.parsers.common import (
    MOST_PIXELS,
    MOST_SIDE,
    Answer,
    Invalid,
    TooLarge,
)

_PLAIN = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT",
                    b"bKGD", b"pHYs", b"hIST", b"iCCP", b"cICP"})  # fmt: skip
_MOVING = frozenset({b"acTL", b"fcTL", b"fdAT"})
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_PLAIN = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD, 0xDA, 0xE0, 0xEE})


def read(data: bytes, answer: Answer) -> None:
    """Tell width, height and pixels. Raises `Invalid` and `TooLarge`."""
    end = _walk_png(data, answer) if answer.kind == "png" else _walk_jpeg(data, answer)
    answer.note("trailing", len(data) - end)
    answer.body = _pixels(data[:end], answer)


def _walk_png(data: bytes, answer: Answer) -> int:
    """Where the picture ends. Tells chunks that carry more than a picture."""
    place = 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        name = data[place + 4 : place + 8]
        content = data[place + 8 : place + 8 + length]
        checked = data[place + 8 + length : place + 12 + length]
        if len(checked) != 4 or zlib.crc32(name + content) != int.from_bytes(checked, "big"):
            raise Invalid
        place += 12 + length
        if name == b"IHDR" and length >= 8:
            _check_size(*struct.unpack(">II", content[:8]))
        elif name == b"IEND":
            return place
        elif name in _MOVING:
            answer.note("animation", name == b"fcTL")
        elif name not in _PLAIN:
            answer.note("metadata")
    raise Invalid


def _walk_jpeg(data: bytes, answer: Answer) -> int:
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            raise Invalid
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker == 0xD9:
            return place + 2
        if marker in _JPEG_ALONE:
            place += 2
            continue
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if length < 2:
            raise Invalid
        if marker not in _JPEG_PLAIN:
            answer.note("metadata")
        place += 2 + length
        if marker == 0xDA:
            place = _after_scan(data, place)
    if data[place : place + 2] == b"\xff\xd9":
        return place + 2
    raise Invalid


def _after_scan(data: bytes, place: int) -> int:
    """Where the next marker stands behind the compressed values of a scan."""
    while True:
        place = data.find(b"\xff", place)
        if place < 0 or place + 1 >= len(data):
            raise Invalid
        if data[place + 1] != 0 and not 0xD0 <= data[place + 1] <= 0xD7:
            return place
        place += 2


def _check_size(width: int, height: int) -> None:
    if not (width and height):
        raise Invalid
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise TooLarge


def _pixels(data: bytes, answer: Answer) -> dict[str, object]:
    PIL.Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Only the one decoder that the first bytes name.
            picture = PIL.Image.open(io.BytesIO(data), formats=[answer.kind.upper()])
            _check_size(*picture.size)
            picture.load()
            flat = _on_white(picture, answer)
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise TooLarge from None
    except (
        OSError,
        ValueError,
        SyntaxError,
        struct.error,
        zlib.error,
        IndexError,
        KeyError,
        TypeError,
        EOFError,
        AttributeError,
        ArithmeticError,
        AssertionError,
        Warning,
    ):
        # Pillow's decoders raise nearly anything for what they cannot read.
        raise Invalid from None  # fmt: skip
    width, height = flat.size
    return {"width": width, "height": height, "rgb": base64.b64encode(flat.tobytes()).decode()}


def _on_white(picture: Image, answer: Answer) -> Image:
    """The picture as it is seen on white. What lies under full transparency is told of and lost."""
    import numpy as np

    if picture.mode in ("I;16", "I;16B", "I", "F"):
        picture = PIL.Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    full = picture.convert("RGBA")
    cells = np.asarray(full).reshape(-1, 4)
    unseen = cells[cells[:, 3] < 8][:, :3]
    if len(unseen) and bool((unseen != unseen[0]).any()):
        answer.note("under_transparency")
    ground = PIL.Image.new("RGBA", full.size, "white")
    return PIL.Image.alpha_composite(ground, full).convert("RGB")
