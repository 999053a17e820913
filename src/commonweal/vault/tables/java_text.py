"""Texts as DuckDB sees them, said in Java's words: patterns, capitals, numbers written out.

DuckDB matches with RE2 and Unicode 15, Spark with Java, whose Unicode follows its version. Capitals
are one letter for one letter in DuckDB, and what the language wants in Java (two for the German
sharp s). Java 17 writes some numbers with a digit too many. A test looks at every code point and
at many numbers (tests/spec/tables/test_engines_agree.py).
"""

from __future__ import annotations

import re

# Code points that Unicode 14 and 15 added, which Java 17 does not know and Java 21 does.
_SINCE_JAVA_17 = {
    "L": (
        "870-887 889-88e 8b5 8c8-8c9 c5d cdd 170d 171f 1b4c 2c2f 2c5f 9ffd-9fff a7c0-a7c1 "
        "a7d0-a7d1 a7d3 a7d5-a7d9 a7f2-a7f4 10570-1057a 1057c-1058a 1058c-10592 10594-10595 "
        "10597-105a1 105a3-105b1 105b3-105b9 105bb-105bc 10780-10785 10787-107b0 107b2-107ba "
        "10f70-10f81 11071-11072 11075 1123f-11240 11740-11746 11ab0-11abf 11f02 11f04-11f10 "
        "11f12-11f33 12f90-12ff0 1342f 13441-13446 16a70-16abe 1aff0-1aff3 1aff5-1affb "
        "1affd-1affe 1b11f-1b122 1b132 1b155 1df00-1df1e 1df25-1df2a 1e030-1e06d 1e290-1e2ad "
        "1e4d0-1e4eb 1e7e0-1e7e6 1e7e8-1e7eb 1e7ed-1e7ee 1e7f0-1e7fe 2a6de-2a6df 2b735-2b739 "
        "31350-323af"
    ),
    "N": "11f50-11f59 16ac0-16ac9 1d2c0-1d2d3 1e4f0-1e4f9",
    "Cf": "890-891 13439-1343f",
    "Pd": "2e5d",
    "Z": "",
    "Cc": "",
}
_CLASS = re.compile(r"\\p\{([A-Za-z]+)\}")
_SAME_ESCAPES = frozenset("z.^$*+?()[]{}|\\/-")
_HEXADECIMAL = re.compile(r"\\x\{([0-9a-fA-F]+)\}")


def java_pattern(pattern: str) -> str:
    """A pattern of RE2 as one of Java that finds the same.

    Raises ValueError for what is not known to mean the same in both: patterns are ours, so this
    shows when one is written.
    """
    made, place, inside = [], 0, False
    while place < len(pattern):
        rest = pattern[place:]
        if (found := _CLASS.match(rest)) and found[1] in _SINCE_JAVA_17:
            more = "".join(_java_range(part) for part in _SINCE_JAVA_17[found[1]].split())
            made.append(found[0] + more if inside else f"[{found[0]}{more}]")
            place += len(found[0])
            continue
        if found := _HEXADECIMAL.match(rest):
            made.append(found[0])
            place += len(found[0])
            continue
        letter = rest[0]
        if letter == "\\":
            if len(rest) == 1 or rest[1] not in _SAME_ESCAPES:
                raise ValueError("this pattern could mean something else on another engine")
            made.append(rest[:2])
            place += 2
            continue
        made.append(_java_letter(rest, inside=inside))
        inside = letter == "[" or (inside and letter != "]")
        place += 1
    return "".join(made)


def _java_letter(rest: str, *, inside: bool) -> str:
    """The first letter of `rest` in Java's pattern."""
    if inside:
        # In Java [a[b]] is a union and [a&&b] an intersection.
        if rest[0] == "[" or rest.startswith("&&"):
            raise ValueError("this pattern could mean something else on another engine")
        return rest[0]
    if rest.startswith("(?") and not rest.startswith("(?:"):
        raise ValueError("this pattern could mean something else on another engine")
    # Java's $ also stands before a last line feed, and its dot stops at more than line feeds.
    return {"$": r"\z", ".": r"[^\n]"}.get(rest[0], rest[0])


def _java_range(part: str) -> str:
    low, _, high = part.partition("-")
    return rf"\x{{{low}}}-\x{{{high}}}" if high else rf"\x{{{low}}}"


# Letters whose capital is another one in Java, is two, or was not known to DuckDB's Unicode.
_ODD = (
    "df 149 19b 1f0 264 390 3b0 587 1c8a 1e96-1e9a 1f50 1f52 1f54 1f56 1f80-1faf 1fb2-1fb4 "
    "1fb6-1fb7 1fbc 1fc2-1fc4 1fc6-1fc7 1fcc 1fd2-1fd3 1fd6-1fd7 1fe2-1fe4 1fe6-1fe7 1ff2-1ff4 "
    "1ff6-1ff7 1ffc a7cd a7db fb00-fb06 fb13-fb17 10d70-10d85"
)
# Those of them of which DuckDB makes a capital; it leaves the others as they are.
_CAPITALS = {0xDF: 0x1E9E, 0x1FB3: 0x1FBC, 0x1FC3: 0x1FCC, 0x1FF3: 0x1FFC} | {
    low + place: low + place + 8 for low in (0x1F80, 0x1F90, 0x1FA0) for place in range(8)
}
_CLASS_OF_ODD = "[" + "".join(_java_range(part) for part in _ODD.split()).replace("\\", r"\\") + "]"
_ONE_LETTER = (
    f"CASE WHEN letter RLIKE '{_CLASS_OF_ODD}' THEN TRANSLATE(letter, "
    f"'{''.join(map(chr, _CAPITALS))}', '{''.join(map(chr, _CAPITALS.values()))}') "
    "ELSE UPPER(letter) END"
)
UPPER = (
    f"IF(given RLIKE '{_CLASS_OF_ODD}', "
    f"ARRAY_JOIN(TRANSFORM(REGEXP_EXTRACT_ALL(given, '(?s).', 0), letter -> {_ONE_LETTER}), ''), "
    "UPPER(given))"
)
"""Spark SQL for the capitals of the text `given`."""

_WRITTEN = "CAST(given AS STRING)"
# With up to 15 digits there is one way to write a number, but for those next to nothing. With more,
# the shortest text that reads as the same number is looked for. Among numbers that are larger than
# a decimal can hold exactly Java may find another one than DuckDB, so those are refused.
_FEW_DIGITS = (
    f"LENGTH(REGEXP_REPLACE(SUBSTRING_INDEX({_WRITTEN}, 'E', 1), '[^0-9]', '')) <= 15 "
    "AND ABS(given) > CAST('1E-300' AS DOUBLE)"
)
_SURE = "ABS(given) < CAST('1E16' AS DOUBLE) AND ABS(given) > CAST('1E-300' AS DOUBLE)"
_SHORTEST = (
    f"IF({_FEW_DIGITS}, {_WRITTEN}, IF({_SURE}, ELEMENT_AT(FILTER(TRANSFORM(SEQUENCE(0, 16), "
    "places -> UPPER(FORMAT_STRING(CONCAT('%.', CAST(places AS STRING), 'e'), given))), "
    "written -> CAST(written AS DOUBLE) = given), 1), "
    "CAST(RAISE_ERROR('a number of this size cannot be written as a text') AS STRING)))"
)
_PLAIN = (
    f"REGEXP_REPLACE(REGEXP_REPLACE(CAST(CAST({_SHORTEST} AS DECIMAL(38, 22)) AS STRING), "
    r"'0+\\z', ''), '\\.\\z', '.0')"
)
_EXPONENT = f"CAST(SUBSTRING_INDEX({_SHORTEST}, 'E', -1) AS INT)"
_SCIENTIFIC = (
    rf"CONCAT(REGEXP_REPLACE(SUBSTRING_INDEX({_SHORTEST}, 'E', 1), '\\.0\\z', ''), 'e', "
    f"IF({_EXPONENT} < 0, '-', '+'), IF(ABS({_EXPONENT}) < 10, '0', ''), "
    f"CAST(ABS({_EXPONENT}) AS STRING))"
)
NUMBER_AS_TEXT = (
    "CASE WHEN given IS NULL THEN CAST(NULL AS STRING) WHEN ISNAN(given) THEN 'nan' "
    "WHEN ABS(given) = CAST('Infinity' AS DOUBLE) THEN IF(given > 0, 'inf', '-inf') "
    f"WHEN given = 0 THEN {_WRITTEN} "
    "WHEN ABS(given) >= CAST('1E-4' AS DOUBLE) AND ABS(given) < CAST('1E16' AS DOUBLE) "
    f"THEN {_PLAIN} ELSE {_SCIENTIFIC} END"
)
"""Spark SQL for the number `given` as DuckDB writes it."""
