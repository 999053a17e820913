"""NHS numbers and person keys in every spelling, and slow oracles that read by the character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber

NHS_TEXTS = [
    "943 476 5919", "9434765919", "943-476-5919", " 9434765919\t", "94347659190", "943476591",
    "9434765918", "9434 765919", "943  476 5919", "9999999999", "4444444444", "0000000000",
    "4010232137", "401 023 2137", "0123456789", "5000000000", "9434765919\n", "\n9434765919",
    "\u0669434765919", "94\uff134765919", "943476591X", "", None,
    # written oddly, and no less clearly
    "943\u00a0476\u00a05919", "943\u2009476\u200b5919", "\ufeff9434765919", "943.476.5919",
    "943. 476 .5919", "943  476  5919", "94 34 76 59 19", "943\u2011476\u20135919", "943_476/5919",
    "943\u22124765919", "943\u00b7476\u00b75919", "'9434765919", "\u20189434765919\u2019",
    "9434765919.0", "9434765919.", "9434765919.000 ",
    "\uff19\uff14\uff13\uff14\uff17\uff16\uff15\uff19\uff11\uff19",
    "\u0669\u0664\u0663\u0664\u0667\u0666\u0665\u0669\u0661\u0669",
    "\u09ef434765919", "9434765919\x0b", "401.023.2137", "999.012.0000",
    # not to be read
    "-9434765919", "+9434765919", "943476591.9", "943476591.0", "943.4765919", "9434.76.5919",
    "94.34.76.59.19", "9434765919.1", "9.434765919", "943,476,5919", "9434765919e0", "(9434765919)",
    "O434765919", "943476591l", "943 476 591", "9434765919 9434765919", "\u0e59434765919",
    "\u2468434765919", " ", "\u00a0", ".", "'",
]  # fmt: skip
KEYS = [
    "MRN0003", "mrn0003", " MRN 0003 ", "MRN-0003", "mrn.0003", "M/R_N#0003", "0012", "12", "12.0",
    " 12.0 ", "#12.0", "12.00", "120", "1.2.0", "000", "0", "", " ", "--", "A0", "0A", "a\tb",
    "\uff2d3", "\u00a0", "M\u00fcnch", "Zo\u00eb-7", None,
]  # fmt: skip
BLANKS = ["", " ", "\t\r\n", "\x0b", "\u00a0\u2003\u200b\ufeff", "-", "0", ".", " x", None]


def nhs(synthetic: bool) -> Callable[[str | None], str | None]:
    def oracle(text: str | None) -> str | None:
        try:
            number = NHSNumber(shaped(text))
        except InvalidNHSNumber:
            return None
        return number.digits if synthetic or not number.synthetic else None

    return oracle


QUOTES = "'\u2018\u2019"
BETWEEN = "\u2212\u00b7_/"
SCRIPTS = "FULLWIDTH |ARABIC-INDIC |EXTENDED ARABIC-INDIC |DEVANAGARI |BENGALI |GURMUKHI |GUJARATI "


def white(char: str) -> bool:
    return unicodedata.category(char) in ("Zs", "Zl", "Zp", "Cc", "Cf")


def digit(char: str) -> str | None:
    """An ASCII digit, or what a digit of the scripts that are read stands for."""
    known = char.isascii() or re.fullmatch(f"({SCRIPTS})DIGIT [A-Z]+", unicodedata.name(char, ""))
    return str(unicodedata.decimal(char)) if known and char.isdecimal() else None


def shaped(value: str | int | float | None) -> str | None:
    """The ten digits of what is written like an NHS number: one character after the other."""
    if isinstance(value, int | float):
        value = str(int(value)) if value == int(value) else "fraction"
    chars = list(value or "")
    while chars and (white(chars[0]) or chars[0] in QUOTES):
        chars.pop(0)
    while chars and (white(chars[-1]) or chars[-1] in QUOTES):
        chars.pop()
    if chars.count(".") == 1:
        place = chars.index(".")
        if any(digit(char) != "0" for char in chars[place + 1 :]):
            return None
        chars = chars[:place]
    if not chars or digit(chars[0]) is None or digit(chars[-1]) is None:
        return None
    digits, dots = "", []
    for char in chars:
        found = digit(char)
        if found is not None:
            digits += found
        elif char == ".":
            dots.append(len(digits))
        elif not (white(char) or unicodedata.category(char) == "Pd" or char in BETWEEN):
            return None
    return digits if len(digits) == 10 and dots in ([], [3, 6]) else None


def key_spelt(key: str | int | float | None) -> str | None:
    """A key in its one spelling; missing where it is not visible ASCII."""
    text = "" if key is None else str(key)
    if key is None or any(not " " <= char <= "~" for char in text):
        return None
    start = re.search("[0-9a-zA-Z]", text)
    whole = start and re.fullmatch("([0-9]+)[.]0[^0-9a-zA-Z]*", text[start.start() :])
    bare = whole.group(1) if whole else text
    bare = "".join(char for char in bare.lower() if char.isalnum())
    return str(int(bare)) if bare.isdecimal() else bare


def blank(text: str | None) -> bool:
    return text is None or all(white(char) for char in text)


def checked(synthetic: bool) -> Callable[[int | None], bool | None]:
    """Whether a number is a valid NHS number, by the class that reads them one at a time."""

    def oracle(number: int | None) -> bool | None:
        return None if number is None else nhs(synthetic)(f"{number:010}") is not None

    return oracle
