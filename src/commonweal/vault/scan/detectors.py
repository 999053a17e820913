"""What a value looks like, as DuckDB SQL over a text `v`, its length `len` and first code point.

Each detector is a question about one value, cheap guards first (CASE stops at the first that
fails). Shares over a column, never single answers, decide what is suggested.

Sources: NHS number, NHS Data Model and Dictionary (modulus 11, issued ranges); postcode, BS 7666
form; SNOMED CT identifiers, SNOMED CT Release File Specification (Verhoeff check digit, partition
identifier); LOINC, mod 10 check digit (LOINC Users' Guide, appendix C); ICD-10 and OPCS-4, the
form of their codes; BNF, 15-character presentation code; DICOM PS3.5 section 9 for UIDs.
"""

from __future__ import annotations

from commonweal.foundation.identifiers import ISSUED, SYNTHETIC, WEIGHTS

MISSING_TOKENS = ("?", "NA", "N/A", "NULL", "null", "None", "#N/A", "\\N", ".", "-", "--")
"""Texts that commonly stand for "not recorded". A scan declares those that a table uses so."""

# The dihedral group D5: `_VERHOEFF_PRODUCT[10 * a + b]` is a times b (J. Verhoeff, 1969).
_VERHOEFF_PRODUCT = (
    "0123456789"
    "1234067895"
    "2340178956"
    "3401289567"
    "4012395678"
    "5987604321"
    "6598710432"
    "7659821043"
    "8765932104"
    "9876543210"
)
_VERHOEFF_PERMUTATIONS = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def _guarded(guard: str, test: str) -> str:
    return f"CASE WHEN {guard} THEN {test} ELSE false END"


def _match(text: str, pattern: str) -> str:
    quoted = pattern.replace("'", "''")
    return f"regexp_full_match({text}, '{quoted}')"


def digits_of(text: str) -> str:
    """SQL: a ten-digit number written 3-3-4 with spaces or dashes, as BIGINT, else NULL."""
    shape = _match(text, "[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}")
    bare = f"replace(replace({text}, ' ', ''), '-', '')"
    return (
        f"CASE WHEN length({text}) BETWEEN 10 AND 12 AND ascii({text}) BETWEEN 48 AND 57 "
        f"AND {shape} "
        f"THEN TRY_CAST({bare} AS BIGINT) END"
    )


def nhs_check(number: str) -> str:
    """SQL: true if a BIGINT of ten digits passes modulus 11 and is not one digit ten times."""
    terms = [
        f"{weight} * (({number} // {10 ** (9 - place)}) % 10)"
        for place, weight in enumerate(WEIGHTS)
    ]
    # With the tenth digit added the sum is a multiple of 11 exactly where the digit is right.
    total = " + ".join([*terms, f"{number} % 10"])
    return f"(({total}) % 11 = 0 AND {number} % 1111111111 <> 0)"


def nhs_issued(number: str) -> str:
    """SQL: true if a BIGINT lies in a range issued in England, Wales or the Isle of Man."""
    return "(" + " OR ".join(f"{number} BETWEEN {low} AND {high}" for low, high in ISSUED) + ")"


def nhs_synthetic(number: str) -> str:
    """SQL: true if a BIGINT lies in the range that is never issued to a person."""
    return f"({number} BETWEEN {SYNTHETIC[0]} AND {SYNTHETIC[1]})"


def verhoeff(number: str) -> str:
    """SQL: true if a BIGINT of at most 18 digits, read from the right, passes Verhoeff's check."""
    state = "0"
    for place in range(18):
        permutation = _VERHOEFF_PERMUTATIONS[place % 8]
        packed = sum(int(digit) << (4 * at) for at, digit in enumerate(permutation))
        digit = f"(({number} // {10**place}) % 10)"
        element = f"(({packed} >> CAST(4 * {digit} AS INTEGER)) & 15)"
        if place:
            # Past the first digit of the number there is nothing to multiply with.
            element = f"(CASE WHEN {number} < {10**place} THEN 0 ELSE {element} END)"
        state = (
            f"(ascii(substring('{_VERHOEFF_PRODUCT}', "
            f"CAST(10 * {state} + {element} + 1 AS INTEGER), 1)) - 48)"
        )
    return f"({state} = 0)"


def snomed(text: str) -> str:
    """SQL: true for a SNOMED CT identifier (6 to 18 digits, partition, Verhoeff)."""
    number = f"TRY_CAST({text} AS BIGINT)"
    partition = f"(({number} // 10) % 100 IN (0, 1, 2, 10, 11, 12))"
    return _guarded(
        f"length({text}) BETWEEN 6 AND 18 AND {_match(text, '[1-9][0-9]{5,17}')}",
        _guarded(partition, verhoeff(number)),
    )


def loinc(text: str) -> str:
    """SQL: true for a LOINC code: up to 7 digits, a dash and the mod 10 check digit."""
    body = f"TRY_CAST(left({text}, length({text}) - 2) AS BIGINT)"
    terms = []
    for place in range(7):
        digit = f"(({body} // {10**place}) % 10)"
        # Luhn: digits in odd places from the right count double, with their own digits added.
        doubled = f"(2 * {digit} - CASE WHEN {digit} > 4 THEN 9 ELSE 0 END)"
        terms.append(doubled if place % 2 == 0 else digit)
    check = f"TRY_CAST(right({text}, 1) AS INTEGER)"
    return _guarded(
        f"length({text}) BETWEEN 3 AND 9 AND {_match(text, '[0-9]{1,7}-[0-9]')}",
        f"(({' + '.join(terms)} + {check}) % 10 = 0)",
    )


_NUMBER = digits_of("v")
_UPPER = "upper(v)"
_BYTE = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"

DETECTORS: dict[str, str] = {
    "nhs_ten_digits": f"({_NUMBER}) IS NOT NULL",
    "nhs_same_digit": _guarded(f"({_NUMBER}) IS NOT NULL", f"({_NUMBER}) % 1111111111 = 0"),
    "nhs_check_digit": _guarded(f"({_NUMBER}) IS NOT NULL", nhs_check(f"({_NUMBER})")),
    "nhs_number": _guarded(
        f"({_NUMBER}) IS NOT NULL",
        f"({nhs_check(f'({_NUMBER})')} AND "
        f"({nhs_issued(f'({_NUMBER})')} OR {nhs_synthetic(f'({_NUMBER})')}))",
    ),
    "nhs_synthetic": _guarded(
        f"({_NUMBER}) IS NOT NULL",
        f"({nhs_check(f'({_NUMBER})')} AND {nhs_synthetic(f'({_NUMBER})')})",
    ),
    "postcode": _guarded(
        "len BETWEEN 5 AND 8 AND first >= 65",
        _match(_UPPER, "([A-Z]{1,2}[0-9][A-Z0-9]?|GIR) ?[0-9][ABD-HJLNP-UW-Z]{2}"),
    ),
    "us_zip": _guarded(
        "len IN (5, 10) AND first BETWEEN 48 AND 57", _match("v", "[0-9]{5}(-[0-9]{4})?")
    ),
    "ssn": _guarded(
        "len = 11 AND first BETWEEN 48 AND 57", _match("v", "[0-9]{3}-[0-9]{2}-[0-9]{4}")
    ),
    "nino": _guarded(
        "len BETWEEN 9 AND 13 AND first >= 65",
        _match(_UPPER, "[A-CEGHJ-PR-TW-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"),
    ),
    "phone": _guarded(
        "len BETWEEN 10 AND 20 AND first BETWEEN 40 AND 57",
        _match(
            "regexp_replace(v, '[ ().-]', '', 'g')",
            "(00|[+])?44(0)?[1-9][0-9]{8,9}|0[1-37-9][0-9]{8,9}|([+]?1)?[2-9][0-9]{2}[2-9][0-9]{6}",
        ),
    ),
    "email": _guarded(
        "len BETWEEN 6 AND 254 AND contains(v, '@')",
        _match("v", r"[^@\s]+@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)*[.][A-Za-z]{2,24}"),
    ),
    "url": _guarded("len >= 8 AND contains(v, '://')", _match("v", "(?i)(https?|ftp)://.*")),
    "ip_address": _guarded(
        "len BETWEEN 7 AND 39 AND (contains(v, '.') OR contains(v, ':'))",
        f"({_match('v', f'({_BYTE}[.]){{3}}{_BYTE}')}"
        f" OR {_match('v', '([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}')})",
    ),
    "uuid": _guarded(
        "len = 36", _match("v", "(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
    ),
    "dicom_uid": _guarded(
        "len BETWEEN 9 AND 64 AND first BETWEEN 48 AND 50",
        _match("v", "[0-2]([.](0|[1-9][0-9]*)){4,}"),
    ),
    "device": _guarded("len BETWEEN 18 AND 200", _match("v", r"[(]01[)][0-9]{14}.*")),
    "icd10": _guarded(
        "len BETWEEN 3 AND 8 AND first >= 65",
        _match(_UPPER, "[A-Z][0-9][0-9AB]([.]?[0-9X][0-9A-Z]{0,3})?[DA*+-]?"),
    ),
    "opcs": _guarded(
        "len BETWEEN 3 AND 5 AND first >= 65", _match(_UPPER, "[A-HJ-Z][0-9]{2}([.]?[0-9])?")
    ),
    "snomed": snomed("v"),
    "loinc": loinc("v"),
    "bnf": _guarded("len IN (9, 15)", _match(_UPPER, "[0-2][0-9]{6}[A-Z][A-Z0-9]([A-Z0-9]{6})?")),
    "practice": _guarded("len = 6", _match(_UPPER, "[A-HJ-NPVWY][0-9]{5}")),
    "area": _guarded("len = 9", _match(_UPPER, "[EWNS][0-9]{8}")),
    "name_like": _guarded(
        "len BETWEEN 2 AND 60 AND first >= 65",
        _match("v", r"\p{Lu}[\p{L}'\x{2019}. -]*\p{L}[.]?[0-9]{0,4}"),
    ),
    "words_6": _guarded("len >= 30", "len - length(replace(v, ' ', '')) >= 5"),
    "words_3": _guarded("len >= 12", "len - length(replace(v, ' ', '')) >= 2"),
    "leading_zero": _guarded("len >= 2 AND v[1] = '0'", _match("v", "0[0-9]+")),
    "digits": _guarded("len <= 40 AND first BETWEEN 48 AND 57", _match("v", "[0-9]+")),
    "coded": _guarded("len <= 24", _match("v", "[A-Za-z0-9._/+-]+")),
    "long_decimals": _guarded(
        "len <= 40 AND first BETWEEN 45 AND 57", _match("v", "-?[0-9]{1,3}[.][0-9]{4,}")
    ),
}
"""Detector name to SQL over `v` (text), `len` (its length in characters) and `first` (the code
point of its first character)."""

CATALOGUE_NAMES = {"device": "device_identifier", "practice": "gp_practice", "nino": "ssn"}
"""Detectors whose finding has another name in the catalogue's `identifies`."""
