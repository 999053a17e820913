"""What still stops sending: purpose, the law, the national opt-out and the assessments.

The hard stops (`papers.vocabulary.REFUSED_PURPOSES`) can be lifted by nobody: not by a reason, not
by the committee. Compiling a permit refuses them again.
"""

from __future__ import annotations

import re

from commonweal.foundation.errors import Fault
from commonweal.governance.ai_use import AI_PURPOSES
from commonweal.governance.application.answers import AIA, DPIA
from commonweal.governance.application.basis import Cag, OptOut
from commonweal.governance.application.checking import (
    Problems,
    Setting,
    in_the_future,
    missing,
    needs_document,
    runs_out,
    stops,
    warns,
)
from commonweal.governance.application.questions import questions
from commonweal.governance.application.route import find_route, next_question, route_needs
from commonweal.governance.application.seeds import (
    Exemption,
    Need,
    OptOutRules,
    Route,
    Routes,
    read_seed,
)
from commonweal.papers.vocabulary import PURPOSES, REFUSED_PURPOSES

_CAG_REFERENCE = re.compile(r"[0-9]{2}/CAG/[0-9]{4}", re.ASCII)

NEVER = (
    "Patient data are never used for {0}. No reason and no committee can change that. If a person "
    "wants their own record used so, they can ask for a copy of it themselves."
)
"""What is said of a refused purpose."""


# --- route ------------------------------------------------------------------------------------


def route_problems(setting: Setting) -> Problems:
    """The plain questions are answered, and what follows agrees with them."""
    answers = setting.content.route
    if next_question(answers) is not None:
        yield from missing(answers, "route", *type(answers).model_fields)
        return
    try:
        route = find_route(answers)
    except Fault as fault:
        yield stops("route", "route", fault.sentence)
        return
    yield from _agreement_problems(route, setting)
    yield from _doubts(setting)
    for need in route_needs(answers):
        yield from _need_problems(need, setting)


def _agreement_problems(route: Route, setting: Setting) -> Problems:
    content = setting.content
    if content.purpose.codes and content.route.research != content.is_research:
        yield stops(
            "purpose.codes",
            "route",
            "The purposes and the question whether it is research do not agree.",
        )
    if content.purpose.codes and content.route.ai != content.uses_ai:
        yield stops(
            "purpose.codes",
            "route",
            "The question about artificial intelligence does not agree with the purposes, or with "
            "what is to be done with the data.",
        )
    if content.legal.common_law is not None and content.legal.common_law not in route.common_law:
        yield stops(
            "legal.common_law",
            "route",
            f'The answers at the start lead to "{route.title}", and this route under the duty of '
            "confidentiality does not fit that.",
        )
    decider = content.legal.cag.decision_maker if content.legal.cag else None
    if route.decision_maker is not None and decider not in (None, route.decision_maker):
        who = "Health Research Authority" if route.decision_maker == "hra" else "Secretary of State"
        yield stops("legal.cag.decision_maker", "cag", f"Here the {who} decides, and nobody else.")


def _doubts(setting: Setting) -> Problems:
    """Where "nobody could be recognised" is said of what often says who somebody is."""
    content = setting.content
    if content.route.identifiable is not False:
        return
    telling = {"free_text", "image", "genomic"}
    asked = (setting.variable(item) for _, _, item in content.data.asked())
    if any(variable is not None and variable.role in telling for variable in asked):
        yield warns(
            "route.identifiable",
            "route",
            "You said that nobody could be recognised. Written text, pictures and genomic data "
            "often say who somebody is.",
        )
    if content.access.delivery == "handover" and content.route.what == "records":
        yield warns(
            "route.identifiable",
            "route",
            "You said that nobody could be recognised. Whoever is handed records may have other "
            "data to lay beside them.",
        )


def _need_problems(need: Need, setting: Setting) -> Problems:
    because = " Nothing can be sent before it is here." if need.blocks else ""
    word = "cag" if need.blocks else "document"
    if need.document is not None:
        found = any(each.kind == need.document for each in setting.content.documents)
        if not found:
            yield stops("documents", word, f"A document is missing. {need.says}{because}")
    for path in need.answers:
        here: object = setting.content
        for name in path.split("."):
            here = getattr(here, name) if here is not None else None
        if here in (None, ()):
            yield stops(path, word, f"This is not answered yet. {need.says}{because}")


# --- purpose ----------------------------------------------------------------------------------


def purpose_problems(setting: Setting) -> Problems:
    """Hard stops first, each with its plain explanation; then purposes that no list knows."""
    codes = setting.content.purpose.codes
    for n, code in enumerate(codes):
        if code in REFUSED_PURPOSES:
            sentence = NEVER.format(REFUSED_PURPOSES[code])
            yield stops(f"purpose.codes.{n}", "refused-purpose", sentence)
        elif code not in PURPOSES:
            yield stops(f"purpose.codes.{n}", "unknown-word", "There is no such purpose.")
    if len(set(codes)) != len(codes):
        yield stops("purpose.codes", "twice", "A purpose is named twice.")
    if "train" in setting.content.access.processing and not AI_PURPOSES & set(codes):
        yield stops(
            "purpose.codes",
            "aia",
            "You ask to train models, so the purposes must say that it is about artificial "
            "intelligence.",
        )
    if setting.content.purpose.who_benefits is None:
        yield from missing(setting.content.purpose, "purpose", "who_benefits")


# --- law --------------------------------------------------------------------------------------


def legal_problems(setting: Setting) -> Problems:
    """Each basis carries what it needs: support, opinion, consent, law."""
    legal = setting.content.legal
    yield from missing(legal, "legal", "explanation")
    cag = legal.cag or Cag()
    if legal.common_law in ("s251_reg2", "s251_reg5") or not cag.is_empty:
        yield from _cag_problems(cag, setting)
    for need in read_seed(Routes).by_law:
        if legal.common_law in need.common_law:
            yield from _need_problems(need, setting)
    consent_route = legal.common_law == "explicit_consent"
    if legal.article_9 == "explicit_consent" and not consent_route:
        yield stops(
            "legal.article_9",
            "route",
            "Explicit consent under Article 9 goes with consent under the duty of confidentiality.",
        )
    named = bool(setting.content.purpose.codes)
    if legal.article_9 == "research" and named and not setting.content.is_research:
        yield stops("legal.article_9", "route", "The purposes do not say that it is research.")
    yield from _ethics_problems(setting)


def _cag_problems(cag: Cag, setting: Setting) -> Problems:
    needed = ("reference", "decision_maker", "supported_on", "next_review", "items", "letter")
    yield from missing(cag, "legal.cag", *needed)
    if cag.reference is not None and not _CAG_REFERENCE.fullmatch(cag.reference):
        yield stops("legal.cag.reference", "cag", "A CAG reference is written YY/CAG/NNNN.")
    yield from in_the_future("legal.cag.supported_on", "The support", cag.supported_on, setting)
    supported, review = cag.supported_on, cag.next_review
    if supported is not None and review is not None and review <= supported:
        yield stops("legal.cag.next_review", "cag", "The review must come after the support.")
    what = "Section 251 support up to its review"
    yield from runs_out("legal.cag.next_review", what, cag.next_review, setting)
    letter = setting.content.document(cag.letter)
    if cag.letter is not None and (letter is None or letter.kind != "cag_letter"):
        yield stops("legal.cag.letter", "cag", "There is no such letter among the documents.")


def _ethics_problems(setting: Setting) -> Problems:
    legal = setting.content.legal
    if legal.ethics is None or legal.ethics.is_empty:
        if setting.content.is_research and legal.ethics_not_needed is None:
            yield stops(
                "legal.ethics",
                "ethics",
                "For research give the opinion of a research ethics committee, or why none is "
                "needed.",
            )
        return
    yield from missing(legal.ethics, "legal.ethics", "reference", "committee", "given_on", "letter")
    given = legal.ethics.given_on
    yield from in_the_future("legal.ethics.given_on", "The opinion", given, setting)
    what = "The ethics committee's opinion"
    yield from runs_out("legal.ethics.expires", what, legal.ethics.expires, setting)
    letter = setting.content.document(legal.ethics.letter)
    if legal.ethics.letter is not None and (letter is None or letter.kind != "ethics_letter"):
        yield stops("legal.ethics.letter", "ethics", "There is no such letter among the documents.")


# --- the national opt-out ---------------------------------------------------------------------


def opt_out_problems(setting: Setting) -> Problems:
    """Applied, or set aside by a named person with the evidence that its reason needs (P4)."""
    part = setting.content.opt_out
    if part.treatment == "exempt":
        yield from _exemption_problems(part, setting)
    elif part.treatment == "apply" and part.code is not None:
        yield stops(
            "opt_out.code", "opt-out", "The opt-out is applied, and a reason says that it is not."
        )
    if part.without_identifier == "include":
        asked = ("without_identifier_by", "without_identifier_on", "without_identifier_why")
        yield from missing(part, "opt_out", *asked)
        yield from in_the_future(
            "opt_out.without_identifier_on", "This decision", part.without_identifier_on, setting
        )


def _exemption_problems(part: OptOut, setting: Setting) -> Problems:
    yield from missing(part, "opt_out", "code", "decided_by", "decided_on", "evidence")
    yield from in_the_future("opt_out.decided_on", "The decision", part.decided_on, setting)
    rule = read_seed(OptOutRules).of(part.code)
    if rule is None:
        return
    if part.evidence is None:
        yield stops("opt_out.evidence", "opt-out", rule.asks)
    if rule.reference:
        yield from missing(part, "opt_out", "reference")
    if rule.expires:
        yield from missing(part, "opt_out", "expires")
    if part.expires is not None and part.decided_on is not None and part.expires < part.decided_on:
        yield stops("opt_out.expires", "opt-out", "The decision runs out before it was made.")
    what = "The decision about the national opt-out"
    yield from runs_out("opt_out.expires", what, part.expires, setting)
    if rule.code == "cag_exemption" and not _CAG_REFERENCE.fullmatch(part.reference or "-"):
        yield stops("opt_out.reference", "opt-out", "A CAG reference is written YY/CAG/NNNN.")
    yield from _fit_problems(part, rule, setting)


def _fit_problems(part: OptOut, rule: Exemption, setting: Setting) -> Problems:
    content = setting.content
    if content.legal.common_law is not None and content.legal.common_law not in rule.routes:
        yield stops(
            "opt_out.code",
            "opt-out",
            "This reason does not fit the route under the duty of confidentiality.",
        )
    if rule.purposes and not set(content.purpose.codes) <= set(rule.purposes):
        yield stops("opt_out.code", "opt-out", "This reason does not fit the purposes.")
    if rule.document is not None:
        shown = content.document(part.document)
        if shown is None or shown.kind != rule.document:
            yield from needs_document("opt_out.document", rule.document, setting)
            if any(each.kind == rule.document for each in content.documents):
                label = questions().label(part, "document")
                yield stops("opt_out.document", "missing", f"{label}: this is not answered yet.")


# --- assessments ------------------------------------------------------------------------------


def assessment_problems(setting: Setting) -> Problems:
    """The AIA for every AI purpose (P6), and the DPIA with the officer's advice (Article 35)."""
    content, part = setting.content, setting.content.assessments
    if content.uses_ai and AIA not in setting.forms:
        yield stops(
            f"forms.{AIA}",
            "aia",
            "Artificial intelligence is used, here or at several sites: the algorithmic impact "
            "assessment must be filled in.",
        )
    if DPIA not in setting.forms:
        yield stops(
            f"forms.{DPIA}", "dpia", "The data protection impact assessment must be filled in."
        )
    yield from in_the_future("assessments.advised_on", "The advice", part.advised_on, setting)
    if part.advice_followed is False:
        yield from missing(part, "assessments", "why_not")
        yield warns("assessments.advice_followed", "dpia", "The officer's advice is not followed.")
    if part.high_risk_remains and part.ico_consulted_on is None:
        yield stops(
            "assessments.ico_consulted_on",
            "dpia",
            "Where a high risk remains the Information Commissioner is consulted first.",
        )
    consulted = part.ico_consulted_on
    yield from in_the_future("assessments.ico_consulted_on", "The consultation", consulted, setting)
