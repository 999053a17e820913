"""Which choices apply under a permit (DECISIONS P4 and P5). Pure: no file, no table, no clock.

The default is that every choice applies. A national opt-out is set aside only by a determination
that a named person recorded with its evidence and that fits the legal basis (`rules.RULES`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from commonweal.foundation.errors import Refused
from commonweal.papers.catalogue import Dataset
from commonweal.papers.permit import Determination, PermitDraft
from commonweal.papers.refusal import PermitRefused
from commonweal.vault.choices.rules import CARE_PURPOSES, KINDS, RULES, KindRule, Rule

_CAG_REFERENCE = re.compile(r"[0-9]{2}/CAG/[0-9]{4}", re.ASCII)


@dataclass(frozen=True)
class Decision:
    """Whose choices are honoured in one release.

    `national`: only people on the national list of allowed numbers may be in. `kinds`: the kinds
    of objections.csv that count (empty under a legal duty). `consent_needed`: only people with a
    consent to the project in force. `include_without_identifier`: a person has recorded that
    people without an identifier may be in. `sentences`: the same in words, for people.
    """

    national: bool
    kinds: frozenset[str]
    consent_needed: bool
    objections: bool
    include_without_identifier: bool
    sentences: tuple[str, ...]


def decide(permit: PermitDraft, dataset: Dataset, at: date) -> Decision:
    """Whose choices are honoured when `permit` is used on `dataset` on the day `at`.

    Raises `Refused` CW-CHOICES-LEGAL-BASIS, CW-CHOICES-PURPOSE, CW-CHOICES-EVIDENCE,
    CW-CHOICES-CAG-REFERENCE, CW-CHOICES-NOT-YET or CW-PERMIT-DETERMINATION-EXPIRED where the
    recorded determination does not stand.
    """
    rule = _rule(permit)
    determination = permit.choices.determination
    if determination is not None:
        _check_determination(permit, determination, rule, at)
    exemption = permit.choices.include_people_without_identifier
    if exemption is not None and exemption.decided_on > at:
        raise Refused(
            "CW-CHOICES-NOT-YET",
            "The decision about people without an identifier is dated in the future.",
        )
    kinds = frozenset(k.kind for k in KINDS if rule.objections and _applies(k, permit, dataset))
    return Decision(
        national=rule.national,
        kinds=kinds,
        consent_needed=rule.consent,
        objections=rule.objections,
        include_without_identifier=exemption is not None,
        sentences=_sentences(rule, kinds, exemption is not None),
    )


def _rule(permit: PermitDraft) -> Rule:
    determination = permit.choices.determination
    code = None if determination is None else determination.code
    if (permit.choices.national_opt_out == "exempt") != (code is not None):
        raise Refused(
            "CW-CHOICES-EVIDENCE",
            "An exemption from the national opt-out needs a recorded determination.",
        )
    for rule in RULES:
        if rule.route == permit.legal_basis.common_law and rule.determination == code:
            return rule
    routes = sorted(rule.route for rule in RULES if rule.determination == code)
    raise Refused(
        "CW-CHOICES-LEGAL-BASIS",
        f"The determination {code} does not fit the common-law route "
        f"{permit.legal_basis.common_law}; it goes with {' or '.join(routes)}.",
    )


def _check_determination(
    permit: PermitDraft, determination: Determination, rule: Rule, at: date
) -> None:
    for field in rule.evidence:
        value = getattr(determination, field)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise Refused(
                "CW-CHOICES-EVIDENCE",
                f"The determination {determination.code} must carry its {field}.",
            )
    if determination.code == "cag_exemption":
        _check_cag(determination)
    if determination.code == "individual_care" and not set(permit.purposes) <= CARE_PURPOSES:
        raise Refused(
            "CW-CHOICES-PURPOSE",
            "Individual care is not a reason to set the national opt-out aside for purposes "
            f"other than {' and '.join(sorted(CARE_PURPOSES))}.",
        )
    if determination.decided_on > at:
        raise Refused(
            "CW-CHOICES-NOT-YET",
            "The decision about the national opt-out is dated in the future.",
        )
    if determination.expires is not None and at > determination.expires:
        raise PermitRefused(
            "CW-PERMIT-DETERMINATION-EXPIRED",
            f"The decision about the national opt-out ran out on {determination.expires:%d %B %Y}.",
        )


def _check_cag(determination: Determination) -> None:
    if not _CAG_REFERENCE.fullmatch(determination.reference or ""):
        raise Refused(
            "CW-CHOICES-CAG-REFERENCE",
            "An exemption by the Confidentiality Advisory Group must name its reference, "
            "written YY/CAG/NNNN.",
        )


def _applies(kind: KindRule, permit: PermitDraft, dataset: Dataset) -> bool:
    organisations = {permit.organisation.kind}
    organisations |= {each.kind for each in (*permit.controllers, *permit.processors)}
    return (
        kind.always
        or bool(kind.purposes & set(permit.purposes))
        or bool(kind.processing & set(permit.processing))
        or bool(kind.organisations & organisations)
        or (kind.primary_care and dataset.primary_care)
    )


_KIND_WORDS = {
    "no_ai_training": "People who said no to the training of AI are left out.",
    "no_companies": "People who said no to companies are left out.",
    "no_research_here": "People who said no to research here are left out.",
    "type1": "People with a type 1 opt-out at their GP practice are left out.",
}


def _sentences(rule: Rule, kinds: frozenset[str], unidentified: bool) -> tuple[str, ...]:
    said = [rule.sentence]
    if rule.objections:
        said.append("People who objected, or who withdrew from this project, are left out.")
    said += [words for kind, words in _KIND_WORDS.items() if kind in kinds]
    said.append(
        "People without an identifier are in, as a person has recorded; people with an NHS number "
        "that cannot be read are left out."
        if unidentified
        else "People without a valid identifier are left out, because they cannot be checked."
    )
    return tuple(said)
