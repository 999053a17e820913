"""Detectors: golden values, and oracles beside the vectorised checks."""

from __future__ import annotations

import random

import duckdb
import pytest

from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber
from commonweal.vault.scan.detectors import DETECTORS


def matches(detector: str, values: list[str]) -> list[bool]:
    with duckdb.connect() as c:
        c.execute(
            "CREATE TABLE t AS SELECT unnest(range(len($1))) AS place, unnest($1) AS v", [values]
        )
        rows = c.execute(
            f"SELECT {DETECTORS[detector]} FROM "
            "(SELECT place, v, length(v) AS len, ascii(v) AS first FROM t) ORDER BY place"
        ).fetchall()
    return [row[0] for row in rows]


GOLDEN: dict[str, tuple[list[str], list[str]]] = {
    "nhs_number": (
        ["9434765919", "943 476 5919", "943-476-5919", "4010232137"],
        ["9434765918", "0000000000", "1111111111", "4444444444", "943476591", "94347659190",
         "943  476 5919", "9434 765919", "A434765919", "5990128088", "", "943476591x"],
    ),
    "postcode": (
        ["SW1A 1AA", "m1 1ae", "B338TH", "CR2 6XH", "XQ12 3AB", "GIR 0AA"],
        ["SW1A1A", "12345", "SW1A 1AC", "1AA SW1", "S9999999", "SW1A  1AA", "SW1A"],
    ),
    "us_zip": (["01013", "02138-1234"], ["1013", "010133", "0101a", "02138 1234"]),
    "ssn": (["999-76-6866"], ["999766866", "99-976-6866", "999-76-686a", "9999-7-6866"]),
    "nino": (["AB123456C", "ab 12 34 56 c"], ["DB123456C", "AB123456E", "AB12345C"]),
    "phone": (
        ["07700 900123", "+44 7700 900123", "01632 960001", "(978) 466-2000", "9784662000"],
        ["07700", "2020-01-01", "1234567890123456", "00000000000", "0800", "12.5"],
    ),
    "email": (
        ["a.b+c@example.org", "x@y.co.uk"],
        ["a@b", "@b.org", "a b@c.org", "a@b..org", "a@b.c"],
    ),
    "url": (["https://example.org/x", "FTP://h/x"], ["example.org", "http:/x", "xhttps://a"]),
    "ip_address": (
        ["192.168.0.1", "8.8.8.8", "2001:0db8:0000:0000:0000:ff00:0042:8329"],
        ["1.2.3", "256.1.1.1", "1.2.3.4.5", "10:20:30", "1.25"],
    ),
    "uuid": (
        ["1d604da9-9a81-4ba9-80c2-de3375d59b40"],
        ["1d604da99a814ba980c2de3375d59b40", "1d604da9-9a81-4ba9-80c2-de3375d59b4g"],
    ),
    "dicom_uid": (
        ["1.2.840.10008.5.1.4.1.1.1.1", "2.25.329800735698586629295641978511506172918.1.2"],
        ["1.2.3", "1.02.3.4.5", "3.1.2.3.4", "1.2.840..4.5"],
    ),
    "icd10": (
        ["I21.4", "E11", "J44.1", "U07.1", "C50.9", "i214"],
        ["214", "I2", "I21.45678", "SNOMED"],
    ),
    "opcs": (["K40.1", "W371", "A01"], ["I21.4", "K40.12", "401", "KK0"]),
    "snomed": (
        ["22298006", "73211009", "40055000", "10509002", "900000000000207008"],
        ["22298007", "12345", "022298006", "9434765919", "73211009a", "1234567890123456789"],
    ),
    "loinc": (
        ["4548-4", "2160-0", "718-7", "2951-2", "2823-3"],
        ["4548-5", "718", "12-34", "-7", "12345678-9"],
    ),
    "bnf": (["0212000B0AAABAB", "0206020A0"], ["0212000", "B0AAABAB0212000", "020602000"]),
    "device": (["(01)67677988606464(11)010613(17)260628"], ["(02)67677988606464(11)01"]),
    "area": (["E01000001", "W06000024"], ["E0100001", "X01000001"]),
    "practice": (["Y91234", "A81001"], ["AA1001", "A8100", "O81001"]),
    "name_like": (
        ["José Eduardo181", "O\u2019Neil", "Smith-Jones", "Van Der Berg"],
        ["smith", "A1B2", "X", "12"],
    ),
    "words_6": (["the patient came in again today with pain"], ["short words here now"]),
    "leading_zero": (["007", "01013"], ["7", "0", "0a", "0.5"]),
}  # fmt: skip


@pytest.mark.parametrize("detector", GOLDEN)
def test_golden_values(detector: str) -> None:
    yes, no = GOLDEN[detector]
    assert matches(detector, yes) == [True] * len(yes), "a value was missed"
    assert matches(detector, no) == [False] * len(no), "a value was taken wrongly"


def nhs_oracle(text: str) -> bool:
    try:
        NHSNumber(text)
    except InvalidNHSNumber:
        return False
    return True


def test_nhs_numbers_as_the_foundation_judges_them() -> None:
    rng = random.Random(11)
    numbers = [f"{rng.randrange(10**10):010d}" for _ in range(4000)]
    numbers += [str(digit) * 10 for digit in range(10)]
    numbers += [f"{base + k:010d}" for base in
                (3_999_999_990, 4_999_999_990, 5_999_999_990, 7_999_999_990, 8_999_999_990)
                for k in range(20)]  # fmt: skip
    expected = [nhs_oracle(number) for number in numbers]
    assert matches("nhs_number", numbers) == expected
    assert 100 < sum(expected) < len(expected)


PRODUCT = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6], [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
]  # fmt: skip


def permuted(place: int, digit: int) -> int:
    """Verhoeff's permutation applied `place` times, from its cycles (1 5 8 9 4 2 7 0)(3 6)."""
    step = {1: 5, 5: 8, 8: 9, 9: 4, 4: 2, 2: 7, 7: 0, 0: 1, 3: 6, 6: 3}
    for _ in range(place % 8):
        digit = step[digit]
    return digit


def snomed_oracle(text: str) -> bool:
    if not (6 <= len(text) <= 18 and text[0] != "0"):
        return False
    if text[-3:-1] not in ("00", "01", "02", "10", "11", "12"):
        return False
    state = 0
    for place, digit in enumerate(reversed(text)):
        state = PRODUCT[state][permuted(place, int(digit))]
    return state == 0


def test_snomed_identifiers_as_the_slow_check_judges_them() -> None:
    rng = random.Random(12)
    texts = []
    for _ in range(6000):
        body = str(rng.randrange(1, 10 ** rng.randrange(3, 16)))
        texts.append(
            f"{body}{rng.choice(['00', '01', '02', '10', '11', '12', '55'])}{rng.randrange(10)}"
        )
    texts = [text for text in texts if len(text) <= 18]
    expected = [snomed_oracle(text) for text in texts]
    assert matches("snomed", texts) == expected
    assert sum(expected) > 200


def loinc_oracle(text: str) -> bool:
    body, _, check = text.partition("-")
    total = 0
    for place, digit in enumerate(reversed(body)):
        total += sum(map(int, str(int(digit) * 2))) if place % 2 == 0 else int(digit)
    return (10 - total % 10) % 10 == int(check)


def test_loinc_codes_as_the_slow_check_judges_them() -> None:
    rng = random.Random(13)
    texts = [f"{rng.randrange(10 ** rng.randrange(1, 8))}-{rng.randrange(10)}" for _ in range(3000)]
    assert matches("loinc", texts) == [loinc_oracle(text) for text in texts]


def test_no_detector_fails_on_any_text() -> None:
    odd = ["", " ", "'", "\\", "\n", "9" * 400, "-", "%", "9" * 19, "\xe9" * 36, "9" * 17 + "-9"]
    # Digits that are not ASCII: Arabic-Indic and full width.
    odd += [
        "\u0663\u0664\u0665",
        "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19",
        "\u0660" * 10,
    ]
    for detector in DETECTORS:
        assert all(answer in (True, False, None) for answer in matches(detector, odd))
