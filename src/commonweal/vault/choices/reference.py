"""The reference page of choices (`docs/reference/choices.md`), written from the rules."""

from __future__ import annotations

from collections.abc import Iterable

from commonweal.papers.choice_rules import OWN_AGE, REACHES, WHO
from commonweal.vault.choices.national import DEFAULT_MAX_AGE_DAYS, HARD_MAX_AGE_DAYS
from commonweal.vault.choices.objections import COLUMNS
from commonweal.vault.choices.rules import BY_KIND, CARE_PURPOSES, KINDS, REASONS, RULES, KindRule


def reference_page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([*_rules(), *_kinds(), *_who(), *_reasons(), *_folder()]) + "\n"


def _rules() -> list[str]:
    rows = [
        f"| `{rule.route}` | {_code(rule.determination)} | {_yes(rule.national)} | "
        f"{_yes(rule.objections)} | {_yes(rule.consent)} | "
        f"{', '.join(rule.evidence) or 'none'} |"
        for rule in RULES
    ]
    return [
        "# Choices: reference",
        "",
        "Written from the rules in `commonweal.vault.choices.rules`; a test keeps the two equal.",
        "",
        "## Which choices apply",
        "",
        (
            "A pair that is not in the table is refused (`CW-CHOICES-LEGAL-BASIS`). "
            "`individual_care` goes with the purposes "
            f"{' and '.join(sorted(CARE_PURPOSES))} only; `cag_exemption` needs "
            "a reference written `YY/CAG/NNNN`."
        ),
        "",
        (
            "| common-law route | determination | national opt-out | objections | consent needed | "
            "fields that must be filled |"
        ),
        "|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def _kinds() -> list[str]:
    rows = [
        f"| `{rule.kind}` | {'yes' if rule.names_project else 'no'} | {_when(rule)} |"
        for rule in KINDS
    ]
    return [
        "## Kinds of choice in objections.csv",
        "",
        "| kind | names a project | applies |",
        "|---|---|---|",
        *rows,
        "",
    ]


def _who() -> list[str]:
    rows = [
        f"| {rule.relation or rule.set_by} | {rule.whom} | {_list(rule.channels)} | "
        f"{_list(rule.needs, 'nothing')} | {_list(rule.may_have, 'nothing')} | "
        f"{'yes' if rule.evidence else 'no'} | {'yes' if rule.may_consent else 'no'} | "
        f"{_list(rule.takes_back)} | {rule.ends} |"
        for rule in WHO
    ]
    return [
        "## Who may choose for whom",
        "",
        (
            "For the journal of choices, from the table in `commonweal.papers.choice_rules`. What "
            "is not in the table is refused. From the "
            f"{OWN_AGE}th birthday on a young person chooses alone. The scope of a power must be "
            f"{_list(REACHES)}. Nobody takes back what a person chose themselves but they."
        ),
        "",
        (
            "| who | for whom | how | must be given | may be given | evidence | may say yes to a "
            "project | takes back what was set by | when it ends |"
        ),
        "|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def _list(words: Iterable[str], none: str = "") -> str:
    return ", ".join(f"`{word}`" for word in sorted(words)) or none


def _when(rule: KindRule) -> str:
    if rule.always:
        return "always, to its project" if rule.names_project else "always"
    told = [
        ("a purpose is one of", rule.purposes),
        ("processing is one of", rule.processing),
        ("an organisation, controller or processor is a", rule.organisations),
    ]
    parts = [f"{words} {', '.join(sorted(values))}" for words, values in told if values]
    if rule.primary_care:
        parts.append("the dataset is marked `primary_care`")
    return "where " + ", or ".join(parts)


def _reasons() -> list[str]:
    return [
        "## Reasons, in order",
        "",
        "Each person who stays out is counted once, under the first reason that holds.",
        "",
        *[f"{place}. `{reason}`" for place, reason in enumerate(REASONS, 1)],
        "",
        f"`by_kind` counts {', '.join(f'`{kind}`' for kind in sorted(BY_KIND))}.",
        "",
    ]


def _folder() -> list[str]:
    return [
        "## The folder",
        "",
        (
            f"- `objections.csv` with the header `{','.join(COLUMNS)}`; the header is required, "
            "rows are not."
        ),
        (
            "- `national_allowed.dat` and `national_allowed.json`, where the national opt-out "
            f"applies; at most {DEFAULT_MAX_AGE_DAYS} days old by default and never more than "
            f"{HARD_MAX_AGE_DAYS}."
        ),
    ]


def _code(text: str | None) -> str:
    return "none recorded" if text is None else f"`{text}`"


def _yes(value: bool) -> str:
    return "applies" if value else "no"
