"""The reference pages of applications, written from the lists and tables that the code obeys.

`python -m commonweal.governance.application.reference FOLDER` writes `permit-origins.md` and
`applications.md` into FOLDER. A test compares the pages with what would be written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import translated
from commonweal.governance.agreement.library import clause_library
from commonweal.governance.application.checking import WORDS
from commonweal.governance.application.seeds import (
    Declarations,
    DocumentKinds,
    Need,
    OptOutRules,
    Organisations,
    Routes,
    SafeguardLimits,
    Security,
    read_seed,
    seed_versions,
)
from commonweal.governance.compiling import ORIGINS
from commonweal.papers.vocabulary import REFUSED_PURPOSES

_ORIGINS_HEAD = """# Where each field of a permit comes from

A permit draft is compiled from three papers: the version of an application that a committee decided
on, the decision, and the agreement. Nobody types a field anew. This page is generated from the
table that compiles (`src/commonweal/governance/compiling.py`), so it cannot say something else than
the code does; a test also checks that no field of a draft is missing.

Names such as `data.groups` are sections of an application ([applications](applications.md)). The
decision can only take away: a variable, the finer form of one, days at the end. It can add
conditions.

"""
_ORIGINS_FOOT = """
Issuing adds what no application can say: the authority, the time of issue, the end of the time to
say no, the digest of the catalogue and the days of grace for section 251 ([the permit](permit.md)).
"""
_LISTS_HEAD = """# Applications: lists and rules

What an application is held against. Every list is a file with a version and a source beside the
code (`src/commonweal/governance/application/`), and a version of an application names the versions
that it was held against. What each part is for is told in
[applying for data](../explanation/applying.md). This page is generated; a test compares it with the
lists.

"""


def origins_page() -> str:
    """The content of `docs/reference/permit-origins.md`."""
    rows = ((f"`{each.field}`", each.of, each.narrowed_by) for each in ORIGINS)
    head = ("field of the draft", "read off", "what the decision can take away")
    return _ORIGINS_HEAD + _table(head, rows) + _ORIGINS_FOOT


def lists_page() -> str:
    """The content of `docs/reference/applications.md`."""
    parts = (f"## {title}\n\n{made()}" for title, made in SECTIONS.items())
    return _LISTS_HEAD + "\n\n".join(parts) + "\n"


def _versions() -> str:
    rows = ((f"`{name}.yaml`", str(version)) for name, version in seed_versions().items())
    clauses = ("`clauses.yaml` (agreements)", str(clause_library().version))
    return _table(("list", "version"), (*rows, clauses))


def _questions() -> str:
    asked = read_seed(Routes).questions
    rows = ((f"`{q.id}`", q.asks, "; ".join(c.says for c in q.choices)) for q in asked)
    return _table(("question", "asks", "answers"), rows)


def _routes() -> str:
    rows = []
    for route in read_seed(Routes).routes:
        when = ", ".join(f"{name}: {_either(words)}" for name, words in route.when.items())
        laws = ", ".join(f"`{law}`" for law in route.common_law)
        rows.append((f"`{route.id}`", route.title, when, laws, _needs(route.needs)))
    head = ("route", "called", "when", "route under the duty of confidentiality", "asks for")
    also = (
        (", ".join(f"{name}: {_either(words)}" for name, words in each.when.items()) or "always",
         each.says)
        for each in read_seed(Routes).also
    )  # fmt: skip
    laws_need = (
        (", ".join(f"`{law}`" for law in each.common_law), each.says)
        for each in read_seed(Routes).by_law
    )
    by_law = _table(("route under the duty of confidentiality", "asks for"), laws_need)
    always = _table(("when", "asks for"), also)
    return f"{_table(head, rows)}\n\n{by_law}\n\nOn every route:\n\n{always}"


def _either(words: Iterable[bool | str]) -> str:
    shown = {True: "yes", False: "no"}
    return " or ".join(shown[word] if isinstance(word, bool) else word for word in words)


def _needs(needs: Iterable[Need]) -> str:
    return " ".join(f"{each.says}{' (blocks)' if each.blocks else ''}" for each in needs) or "-"


def _organisations() -> str:
    rows = (
        (
            each.title,
            each.may,
            " ".join(need.says for need in each.needs) or "-",
            " ".join(each.bound_to) or "-",
        )
        for each in read_seed(Organisations).kinds
    )
    return _table(("kind", "may ask for", "must show", "is bound to"), rows)


def _refused() -> str:
    rows = ((f"`{code}`", words) for code, words in REFUSED_PURPOSES.items())
    return (
        "An application that names one of these cannot be sent, and no reason and no committee can "
        "change that. Making an agreement and compiling a permit refuse them again.\n\n"
        + _table(("purpose", "meaning"), rows)
    )


def _exemptions() -> str:
    rows = (
        (
            f"`{each.code}`",
            each.title,
            each.asks,
            ", ".join(f"`{route}`" for route in each.routes),
            ", ".join(
                word
                for word, needed in (("reference", each.reference), ("last day", each.expires))
                if needed
            )
            or "-",
            f"`{each.document}`" if each.document else "-",
        )
        for each in read_seed(OptOutRules).exemptions
    )
    head = ("reason", "called", "asks", "goes with", "must be given", "document")
    return _table(head, rows)


def _security() -> str:
    rules = read_seed(Security)
    accepted = {"always": "yes", "signed_off": "signed off by the custodian", "never": "no"}
    rows = ((each.title, accepted[each.accepted]) for each in rules.statuses)
    return (
        f"An assessment counts for {rules.holds_months} months after its toolkit year ends (30 "
        f"June). Instead of one: {rules.alternative}. Countries: {', '.join(rules.territory)}.\n\n"
        + _table(("status", "will do"), rows)
    )


def _documents() -> str:
    rows = (
        (f"`{each.code}`", each.title, "yes" if each.expires else "-")
        for each in read_seed(DocumentKinds).kinds
    )
    return _table(("kind", "called", "needs a last day"), rows)


def _limits() -> str:
    rows = (
        (f"`{each.field}`", _figure(each.standard), _figure(each.limit), each.weaker)
        for each in read_seed(SafeguardLimits).limits
    )
    return _table(("limit", "standard", "weakest", "weaker is"), rows)


def _figure(value: object) -> str:
    if value is None:
        return "-"
    return _either((value,)) if isinstance(value, bool) else str(value)


def _declarations() -> str:
    rows = (
        (f"`{each.id}`", str(each.wording), each.when or "always", each.text)
        for each in read_seed(Declarations).items
    )
    return _table(("declaration", "wording", "when", "text"), rows)


def _clauses() -> str:
    rows = (
        (
            f"`{each.id}`",
            str(each.version),
            each.heading,
            ", ".join(each.in_),
            "; ".join(f"{k}: {', '.join(sorted(w))}" for k, w in each.when.limits().items())
            or "always",
        )
        for each in clause_library().clauses
    )
    return _table(("clause", "version", "heading", "stands in", "when"), rows)


def _words() -> str:
    rows = ((f"`{word}`", meaning) for word, meaning in WORDS.items())
    return (
        "A problem has a place, a word of this table (or the code of a rule of the permit), "
        "a sentence, and says whether it stops sending.\n\n" + _table(("word", "when"), rows)
    )


SECTIONS: dict[str, Callable[[], str]] = {
    "Versions": _versions,
    "Questions before the form": _questions,
    "Routes": _routes,
    "Organisations": _organisations,
    "Purposes that are always refused": _refused,
    "Reasons to set the national opt-out aside": _exemptions,
    "Security of places": _security,
    "Kinds of documents": _documents,
    "Limits of risk": _limits,
    "Declarations": _declarations,
    "Clauses of agreements": _clauses,
    "Words of problems": _words,
}
"""The parts of `applications.md`."""

PAGES: dict[str, Callable[[], str]] = {
    "applications.md": lists_page,
    "permit-origins.md": origins_page,
}


def main(arguments: Sequence[str]) -> int:
    """Write the pages into a folder. Returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m commonweal.governance.application.reference FOLDER\n")
        return 2
    try:
        with translated(f"the folder {Path(arguments[0]).name}"):
            for name, made in PAGES.items():
                (Path(arguments[0]) / name).write_text(made(), "utf-8")
    except CommonwealError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return error.exit_code
    return 0


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
