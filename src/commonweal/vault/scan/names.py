"""What the name of a column says about it: one table of patterns, first match wins.

A name alone never makes a column harmless; it may make it identifying, because a false alarm costs
a person a minute and a missed identifier costs a patient their privacy.
"""

from __future__ import annotations

import re

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("nhs_number", r"nhs(_?(no|num|number|id))?"),
    ("ssn", r"ssn|social_security(_.*)?|national_insurance(_.*)?|ni_?(no|number)|nino"),
    ("passport", r"passport(_.*)?"),
    ("driving_licence", r"drivers?(_.*)?|driving_licen[cs]e(_.*)?"),
    ("email", r"(.*_)?e_?mail(_.*)?"),
    ("phone", r"(.*_)?(tele)?phone(_.*)?|(.*_)?mobile(_.*)?|(.*_)?tel(_no|_number)?|(.*_)?fax"),
    ("date_of_birth", r"dob|born|(.*_)?(birth_?date|date_?of_?birth|birth_?dt|born_?on)"),
    ("date_of_death", r"dod|(.*_)?(death_?date|date_?of_?death|deceased_?(date|on|at)|died_?on)"),
    ("birth_place", r"birth_?place|place_of_birth|birth_?(city|town|country)|country_of_birth"),
    (
        "hospital_number",
        (
            r"mrn|(.*_)?hospital_?(no|num|number|id)|unit_(no|number)|pas_(id|no|number)|"
            r"(local_)?patient_(no|num|number)|case_?note(_.*)?"
        ),
    ),
    ("staff", r"(.*_)?(consultant|clinician|doctor|nurse|surgeon|practitioner|staff)(_.*)?"),
    ("gp_practice", r"(.*_)?(gp|practice)(_(practice|code|id))*"),
    (
        "name",
        (
            r"(patient|person|full|first|last|middle|given|family|maiden|birth|preferred|known_as|"
            r"previous_family|previous|next_of_kin|nok|carer|mother|father|guardian|emergency_contact)"
            r"s?_?name|first|last|middle|maiden|surname|forenames?|initials|alias|nickname|"
            r"(.*_)?(surname|forename|given_name|family_name|first_name|last_name)|name|"
            r"next_of_kin|nok"
        ),
    ),
    ("title", r"title|prefix|suffix|salutation|honorific"),
    ("address", r"(.*_)?addr(ess)?(_?(line)?_?[0-9]*)|street(_.*)?|house(_.*)?|uprn"),
    ("postcode", r"(.*_)?(post_?code|postal(_code)?|zip(_?code)?)"),
    ("geo_coordinate", r"(.*_)?(lat(itude)?|lon(gitude)?|lng|easting|northing|geo(_.*)?)"),
    (
        "area",
        (
            r"(.*_)?(town|city|county|district|locality|village|state|region|country|lsoa|msoa|borough|"
            r"lsoa[0-9]*|parish)(_(code|name))?"
        ),
    ),
    ("sex", r"sex|gender(_.*)?|sex_(code|at_birth)"),
    ("age", r"age|(.*_)?age(_(at_.*|in_years|years))|age_years"),
    ("ethnicity", r"(.*_)?(ethnic(ity)?|race)(_.*)?"),
    ("marital_status", r"marital(_status)?|civil_status"),
    ("religion", r"religion(_.*)?|faith"),
    ("language", r"(.*_)?language(_.*)?"),
    ("occupation", r"occupation(_.*)?|job(_title)?|employer"),
    ("deprivation", r"(.*_)?(imd|deprivation)(_.*)?"),
    ("device_identifier", r"udi|(.*_)?(serial_?(no|number)|device_(id|identifier|serial))"),
    ("ip_address", r"ip(_address)?"),
    ("url", r"(.*_)?(url|website|link)"),
    ("organisation", r"(.*_)?(organi[sz]ation|hospital|trust|site|provider)(_(code|id|name))?"),
    (
        "administrative_date",
        (
            r"(.*_)?(extract(ed|ion)?|load(ed)?|snapshot|refresh(ed)?|insert(ed)?|export(ed)?|"
            r"import(ed)?|last_updated|batch)(_(on|at|date|time|dt))?"
        ),
    ),
    (
        "free_text",
        r"(.*_)?(notes?|comments?|free_?text|narrative|remarks|letter|report_text|history)",
    ),
)
_COMPILED = tuple((what, re.compile(pattern)) for what, pattern in _PATTERNS)

_KEY = re.compile(r"id|(.*_)?(id|key|uuid|guid|identifier|ref|reference|no|number)")
_DATE = re.compile(r".*(date|_on|_at|_dt|time|day|start|stop|end)$|on|at")
_PERSON_TABLE = re.compile(
    r"(.*_)?(patients?|persons?|people|demographics?|subjects?|members?|participants?)(_.*)?"
)
_OUTCOME = re.compile(
    r"target|outcome|label|diagnos.*|.*_diagnosis|condition.*|result|status|cause"
)


def plain_name(name: str) -> str:
    """`name` in lower case with underscores: `DateOfBirth`, `date-of-birth` → `date_of_birth`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def says(name: str) -> str | None:
    """What the name of a column says it identifies (`title` for forms of address), or None."""
    plain = plain_name(name)
    return next((what for what, pattern in _COMPILED if pattern.fullmatch(plain)), None)


def says_key(name: str) -> bool:
    """True if the name is that of an identifier of something."""
    return _KEY.fullmatch(plain_name(name)) is not None


def says_date(name: str) -> bool:
    """True if the name is that of a date or time."""
    return _DATE.fullmatch(plain_name(name)) is not None


def says_outcome(name: str) -> bool:
    """True if the name is that of a finding about a person's health."""
    return _OUTCOME.fullmatch(plain_name(name)) is not None


def says_people(table: str) -> bool:
    """True if the name of a table says that it holds people."""
    return _PERSON_TABLE.fullmatch(plain_name(table)) is not None


def alike(child: str, parent_table: str, parent: str) -> float:
    """How much the name of a column looks like a link to `parent_table`.`parent` (0 to 1)."""
    left, right = plain_name(child), plain_name(parent)
    table = plain_name(parent_table).removesuffix("s")
    if left == right and right not in ("id", "key", "code"):
        return 1.0
    stem = re.sub(r"_(id|key|no|number|code|ref|uuid)$", "", left)
    if stem == table or left in (f"{table}_{right}", f"{table}{right}"):
        return 0.9
    shared = set(left.split("_")) & (set(right.split("_")) | set(table.split("_")))
    return 0.5 if shared - {"id", "key", "code", "no", "number", "date"} else 0.0
