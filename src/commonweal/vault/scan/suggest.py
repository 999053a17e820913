"""A suggestion for each column: type, role, what it identifies, the forms to offer, and why.

The order is: what the values are (checks and codes), then what the name says, then shape. Where
neither decides, the role stays empty and the reason says what a person must look at. Reasons hold
shares and counts, never values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from commonweal.vault.scan.names import says, says_date, says_key, says_outcome
from commonweal.vault.scan.profile import ColumnProfile
from commonweal.vault.scan.structure import KeyLink, identifier_shaped, is_nhs_number
from commonweal.vault.sources.values import family

SURE = 0.95
_FEW_VALUES = 100
FEW = 60
"""Up to this many different values a column is a list to choose from."""


@dataclass(frozen=True)
class Place:
    """Where a column stands: is its table about people, is it the person key, does it link."""

    about_people: bool
    person_key: bool = False
    link: KeyLink | None = None
    unique_key: bool = False


@dataclass(frozen=True)
class Suggestion:
    """What the scan proposes for one column. `role` None: a person must decide."""

    type: str
    role: str | None
    reason: str
    identifies: str | None = None
    forms: tuple[str, ...] = ()
    administrative: bool = False


def suggest(column: ColumnProfile, place: Place) -> Suggestion:
    """The suggestion for `column`."""
    type_ = suggest_type(column)
    if family(column.storage) is None:
        return Suggestion(
            "text", None, "Stored as a list, structure or bytes, which cannot be released as it is."
        )
    if not column.present:
        return Suggestion(type_, "other", "No value is present, so nothing is offered.")
    found = (
        _by_place(column, type_, place)
        or _by_value(column)
        or _unique(column, type_, place)
        or _by_name(column, type_)
        or _by_shape(column, type_)
    )
    return found if place.about_people else _not_about_people(column, found)


def suggest_type(column: ColumnProfile) -> str:
    """The type of the catalogue that the values read as."""
    stored = family(column.storage)
    if stored not in ("text", None):
        if stored == "decimal" and column.share("integer") == 1.0 and _whole_by_name(column):
            return "integer"
        return str(stored)
    said = says(column.name)
    if column.share("leading_zero") > 0 or said in ("postcode", "phone", "nhs_number"):
        return "text"
    if _is_code(column):
        return "text"
    eight_digits = column.share("integer") > 0.99 and column.share("date") > 0.99
    if column.share("date") > 0.99 and (
        not eight_digits or says_date(column.name) or (said or "").startswith("date_of")
    ):
        return "date"
    if column.share("timestamp") > 0.99 and not eight_digits:
        return "timestamp"
    if _reads_as(column, "integer"):
        return "integer" if column.max_length <= 18 else "text"
    if _reads_as(column, "decimal"):
        return "decimal"
    if column.share("boolean") == 1.0 and column.distinct == 2:
        return "boolean"
    return "text"


def _reads_as(column: ColumnProfile, kind: str) -> bool:
    """Numbers of this kind, with a few slips where there are many different ones.

    Among few different values one that is no number is not a slip: `2A` beside `21` and `22` says
    that all of them are codes.
    """
    share = column.share(kind)
    return share == 1.0 or (share > 0.99 and column.distinct > _FEW_VALUES)


def _whole_by_name(column: ColumnProfile) -> bool:
    return says(column.name) in ("age", "sex")


def _is_code(column: ColumnProfile) -> bool:
    return any(column.share(code) >= SURE for code in ("snomed", "loinc", "nhs_number")) and (
        column.min_length >= 3
    )


def _percent(share: float) -> str:
    return f"{math.floor(1000 * share) / 10:.1f} %"


def _by_place(column: ColumnProfile, type_: str, place: Place) -> Suggestion | None:
    key_type = type_ if type_ in ("text", "integer") else "text"
    if place.person_key:
        identifies = "nhs_number" if is_nhs_number(column) else "person_key"
        reason = "The key of the people; it is always replaced by a code made for the project."
        if identifies == "nhs_number":
            reason = (
                f"{_percent(column.share('nhs_number'))} of values are valid NHS numbers by "
                + ("check digit and range. " + reason)
            )
        return Suggestion(
            "text" if identifies == "nhs_number" else key_type,
            "direct_identifier",
            reason,
            identifies,
            ("pseudonym",),
        )
    if is_nhs_number(column) or _staffed(column):
        return None
    if place.link is not None and place.link.to_table:
        return Suggestion(
            key_type,
            "record_key",
            f"{_percent(place.link.share)} of values lie in {place.link.to_table}."
            f"{place.link.to_column}.",
            forms=("record_code",),
        )
    return None


def _unique(column: ColumnProfile, type_: str, place: Place) -> Suggestion | None:
    key_type = type_ if type_ in ("text", "integer") else "text"
    said = says(column.name)
    if place.unique_key and said in (None, "organisation") and key_type == type_:
        return Suggestion(
            key_type,
            "record_key",
            "No two rows share a value: it identifies the record.",
            forms=("record_code",),
        )
    return None


def _staffed(column: ColumnProfile) -> bool:
    return says(column.name) in ("hospital_number", "ssn", "passport", "driving_licence", "phone")


_CODES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "snomed": ("SNOMED CT identifiers by check digit", "sensitive", ("exact", "rollup(10)")),
    "loinc": ("LOINC codes by check digit", "other", ("exact",)),
    "bnf": ("shaped like BNF codes", "sensitive", ("exact", "truncate(4)", "rollup(10)")),
    "icd10": ("shaped like ICD-10 codes", "sensitive", ("exact", "truncate(3)", "rollup(10)")),
    "opcs": ("shaped like OPCS-4 codes", "sensitive", ("exact", "truncate(3)", "rollup(10)")),
}
_DIRECT_VALUES: dict[str, tuple[str, str]] = {
    "email": ("email", "are e-mail addresses"),
    "ssn": ("ssn", "are shaped like social security numbers"),
    "nino": ("ssn", "are shaped like National Insurance numbers"),
    "url": ("url", "are web addresses"),
    "ip_address": ("ip_address", "are network addresses"),
    "device": ("device_identifier", "are unique device identifiers"),
}


def _by_value(column: ColumnProfile) -> Suggestion | None:
    if is_nhs_number(column):
        share = _percent(column.share("nhs_number"))
        return Suggestion(
            "text",
            "direct_identifier",
            f"{share} of values are valid NHS numbers by check digit and range.",
            "nhs_number",
        )
    for detector, (identifies, words) in _DIRECT_VALUES.items():
        if column.share(detector) >= 0.5:
            share = _percent(column.share(detector))
            return Suggestion(
                "text", "direct_identifier", f"{share} of values {words}.", identifies
            )
    if column.share("postcode") >= 0.8:
        return Suggestion(
            "text",
            "direct_identifier",
            f"{_percent(column.share('postcode'))} of values are shaped like full postcodes.",
            "postcode",
            ("outward_postcode",),
        )
    return _phone(column) or _uid(column) or _coded(column) or _free_text(column)


def _phone(column: ColumnProfile) -> Suggestion | None:
    share = column.share("phone")
    if share < 0.5 or (column.share("integer") > 0.9 and says(column.name) != "phone"):
        return None
    return Suggestion(
        "text",
        "direct_identifier",
        f"{_percent(share)} of values are shaped like telephone numbers.",
        "phone",
    )


def _uid(column: ColumnProfile) -> Suggestion | None:
    if column.share("dicom_uid") < SURE:
        return None
    if column.distinct <= FEW and column.top_share > 0.01:
        return Suggestion(
            "text",
            "other",
            f"DICOM UIDs, but only {column.distinct:,} different ones: they name "
            "a class, not a record.",
            None,
            ("exact",),
        )
    return Suggestion(
        "text",
        "record_key",
        f"{_percent(column.share('dicom_uid'))} of values are DICOM UIDs.",
        "dicom_uid",
        ("record_code",),
    )


def _coded(column: ColumnProfile) -> Suggestion | None:
    # A column of person identifiers may look like codes; a code repeats, an identifier rarely.
    if column.present > 20 and column.distinct > 0.5 * column.present:
        return None
    if says(column.name) is not None:
        return None
    shares = {code: column.share(code) for code in _CODES}
    for code in ("snomed", "loinc", "bnf"):
        if shares[code] >= SURE:
            return _code_suggestion(column, code)
    if max(shares["icd10"], shares["opcs"]) >= SURE:
        plain = column.name.lower()
        opcs = "opcs" in plain or "procedure" in plain or "operation" in plain
        by_name = "opcs" if opcs and shares["opcs"] >= SURE else "icd10"
        return _code_suggestion(column, by_name if shares[by_name] >= SURE else "opcs")
    return None


def _code_suggestion(column: ColumnProfile, code: str) -> Suggestion:
    words, role, forms = _CODES[code]
    return Suggestion(
        "text", role, f"{_percent(column.share(code))} of values are {words}.", code, forms
    )


def _free_text(column: ColumnProfile) -> Suggestion | None:
    long = column.share("words_6")
    varied = column.distinct > 0.3 * column.present or column.mean_words > 15
    if family(column.storage) != "text" or not varied:
        return None
    if long >= 0.3 or (says(column.name) == "free_text" and column.mean_words >= 2):
        return Suggestion(
            "text",
            "free_text",
            f"Free text: {column.mean_words:.0f} words on average, mostly different. It may name "
            "people.",
            "free_text",
            ("redacted_text",),
        )
    return None


_QUASI: dict[str, tuple[str, ...]] = {
    "sex": ("exact",),
    "ethnicity": ("exact", "rollup(10)"),
    "marital_status": ("exact", "rollup(10)"),
    "language": ("rollup(10)",),
    "occupation": ("rollup(10)",),
    "birth_place": ("rollup(10)",),
    "area": ("rollup(10)",),
    "gp_practice": ("rollup(10)",),
    "deprivation": ("exact",),
    "organisation": ("rollup(10)",),
}
_DIRECT_NAMES = frozenset(
    {"name", "address", "geo_coordinate", "email", "phone", "ssn", "passport", "driving_licence",
     "hospital_number", "device_identifier", "ip_address", "url", "nhs_number"}
)  # fmt: skip


def _by_name(column: ColumnProfile, type_: str) -> Suggestion | None:
    said = says(column.name)
    if said is None:
        return None
    named = f"Its name says so ({said.replace('_', ' ')})"
    if said in _DIRECT_NAMES:
        return Suggestion(type_, "direct_identifier", f"{named}. It is never released.", said)
    if said == "date_of_birth":
        return _birth(type_, named)
    if said == "date_of_death" and type_ in ("date", "timestamp"):
        return Suggestion(
            type_, "quasi_identifier", f"{named}.", said, ("month", "year", "interval", "shift")
        )
    if said == "postcode":
        return Suggestion(
            "text",
            "quasi_identifier",
            f"{named}; only its first three characters are offered.",
            said,
            ("truncate(3)",),
        )
    if said == "age":
        return _age(column, type_, named)
    if said == "title":
        return Suggestion(
            type_,
            "quasi_identifier",
            "A form of address; it tells sex and marital status.",
            None,
            _fitting(("rollup(10)",), type_),
        )
    if said == "staff":
        return _staff(column, type_, named)
    if said == "religion":
        return Suggestion(type_, "sensitive", f"{named}.", said, _fitting(("rollup(10)",), type_))
    if said in _QUASI:
        return Suggestion(
            type_, "quasi_identifier", f"{named}.", said, _fitting(_QUASI[said], type_)
        )
    return None


def _birth(type_: str, named: str) -> Suggestion:
    if type_ not in ("date", "timestamp"):
        return Suggestion(
            type_,
            None,
            f"{named}, but its values do not read as dates. Look at it.",
            "date_of_birth",
        )
    return Suggestion(
        type_,
        "direct_identifier",
        f"{named}; offered as an age group or a year.",
        "date_of_birth",
        ("age_band(5,90)", "year"),
    )


def _age(column: ColumnProfile, type_: str, named: str) -> Suggestion | None:
    if type_ not in ("integer", "decimal") or (column.numbers and column.numbers[1] > 130):
        return None
    forms = ("age_band(5,90)",) if type_ == "integer" else ("round(5)",)
    return Suggestion(type_, "quasi_identifier", f"{named}.", "age", forms)


def _staff(column: ColumnProfile, type_: str, named: str) -> Suggestion:
    if column.share("coded") > 0.99 and type_ in ("text", "integer"):
        return Suggestion(
            type_,
            "record_key",
            f"{named}; a code for a member of staff.",
            "staff",
            ("record_code",),
        )
    return Suggestion(type_, "direct_identifier", f"{named}.", "staff")


def _by_shape(column: ColumnProfile, type_: str) -> Suggestion:
    if type_ in ("date", "timestamp"):
        return _date(column, type_)
    if column.distinct == 1:
        return Suggestion(
            type_, "other", "Every row has the same value.", None, _fitting(("exact",), type_)
        )
    if column.share("uuid") >= SURE or _key_like(column):
        return Suggestion(
            type_ if type_ in ("text", "integer") else "text",
            "record_key",
            "The values are codes for records.",
            None,
            ("record_code",),
        )
    if type_ in ("integer", "decimal"):
        return _number(column, type_)
    if type_ == "boolean":
        return Suggestion(type_, "other", "Yes or no.", None, ("exact",))
    return _words(column, type_)


def _key_like(column: ColumnProfile) -> bool:
    varied = column.distinct > max(FEW, 0.02 * column.present)
    return varied and says_key(column.name) and identifier_shaped(column)


def _date(column: ColumnProfile, type_: str) -> Suggestion:
    named = says(column.name) == "administrative_date"
    same = column.top_share > 0.5 and column.distinct <= max(30, 0.05 * column.present)
    if (column.present >= 10 and same) or (named and column.top_share > 0.1):
        return Suggestion(
            type_,
            "other",
            f"{_percent(column.top_share)} of rows have the same date: it tells about the "
            "administration, and would undo a shift of dates.",
            "administrative_date",
            ("interval",),
            administrative=True,
        )
    return Suggestion(
        type_,
        "quasi_identifier",
        "A date of an event in a person's life.",
        "event_date",
        ("shift", "month", "year", "interval"),
    )


def _number(column: ColumnProfile, type_: str) -> Suggestion:
    if column.share("digits") > 0.99 and column.min_length >= 9:
        return Suggestion(
            type_,
            None,
            "Long whole numbers of no known kind: they may be identifiers. Look at them.",
        )
    role = "sensitive" if says_outcome(column.name) else "other"
    if column.present > 100 and column.distinct > 0.3 * column.present:
        return Suggestion(
            type_,
            role,
            f"Numbers, {column.distinct:,} different ones: nearly a fingerprint, so offered "
            "rounded.",
            None,
            (f"round({_step(column)})",),
        )
    forms = ["exact"]
    if column.distinct > 20:
        forms.append(f"round({_step(column)})")
    if column.distinct <= FEW and type_ == "integer":
        forms.append("rollup(10)")
    return Suggestion(
        type_,
        role,
        f"Numbers, {column.distinct:,} different ones, of no identifying kind.",
        None,
        tuple(forms),
    )


def _step(column: ColumnProfile) -> str:
    """A round step (1, 2 or 5 times a power of ten) near a twentieth of the usual range."""
    low, high = column.numbers or (0.0, 20.0)
    least = 1.0 if column.share("integer") > 0.99 else 1e-6
    wanted = max((high - low) / 20, least)
    power = min(max(math.floor(math.log10(wanted)), -6), 8)
    lead = min((1, 2, 5, 10), key=lambda digit: abs(digit * 10.0**power - wanted))
    step = lead * 10**power if power >= 0 else round(lead * 10.0**power, -power)
    return f"{step:.6f}".rstrip("0").rstrip(".")


def _words(column: ColumnProfile, type_: str) -> Suggestion:
    if column.distinct <= FEW or column.distinct <= 0.05 * column.present:
        role = (
            "sensitive" if column.share("words_3") > 0.2 or says_outcome(column.name) else "other"
        )
        return Suggestion(
            type_,
            role,
            f"A list of {column.distinct:,} different values.",
            None,
            ("exact", "rollup(10)"),
        )
    if column.share("name_like") > 0.8:
        return Suggestion(
            type_,
            None,
            f"{column.distinct:,} different values that look like names of people or "
            "places. Look at them.",
        )
    return Suggestion(
        type_,
        None,
        f"{column.distinct:,} different texts of no known kind. Look at them.",
    )


def _fitting(forms: tuple[str, ...], type_: str) -> tuple[str, ...]:
    """Forms that fit the type (rollup takes text and whole numbers)."""
    return tuple(form for form in forms if form == "exact" or type_ in ("text", "integer"))


_OPEN = frozenset({"area", "name", "postcode", "organisation"})


def _not_about_people(column: ColumnProfile, found: Suggestion) -> Suggestion:
    """In a table that no person links to, names and addresses are those of organisations."""
    if found.identifies in ("nhs_number", "date_of_birth", "ssn", "email", "passport", "staff"):
        return replace(
            found,
            role=None,
            forms=(),
            reason=found.reason + " But no person links to this table. Look at it.",
        )
    said = says(column.name)
    if found.role == "record_key":
        return replace(found, identifies=found.identifies or "organisation")
    if said in _OPEN | {"address", "phone", "geo_coordinate", "url"}:
        forms = _fitting(("exact",), found.type) if said in _OPEN else ()
        return Suggestion(
            found.type,
            "other",
            "No person links to this table: taken as the organisation's, not a person's.",
            "organisation",
            forms,
        )
    return found
