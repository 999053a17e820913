"""What still stops sending: what would be done, limits, dates, documents and declarations."""

from __future__ import annotations

from typing import get_args

from commonweal.governance.application.checking import (
    Problems,
    Setting,
    in_the_future,
    missing,
    runs_out,
    said_twice,
    stops,
    unchecked,
    warns,
)
from commonweal.governance.application.seeds import (
    Declarations,
    DeclarationText,
    DocumentKinds,
    Limit,
    SafeguardLimits,
    read_seed,
)
from commonweal.governance.application.terms import Models
from commonweal.papers.base import look
from commonweal.papers.permit import MAX_PERIOD_DAYS
from commonweal.papers.vocabulary import Processing

_PROCESSING: tuple[str, ...] = get_args(Processing)
LONG_DAYS = 3 * 366
"""A longer project says why it takes so long."""


def access_problems(setting: Setting) -> Problems:
    """Known kinds of work; a reason for handing data over and for linked codes; sites to join."""
    access = setting.content.access
    for n, code in enumerate(access.processing):
        if code not in _PROCESSING:
            yield stops(f"access.processing.{n}", "unknown-word", "There is no such kind of work.")
    if len(set(access.processing)) != len(access.processing):
        yield stops("access.processing", "twice", "A kind of work is named twice.")
    if access.delivery == "handover":
        yield from missing(access, "access", "why_handover")
    if access.link_across_refreshes:
        yield from missing(access, "access", "why_link")
    if "federated" in access.processing and not access.sites:
        yield stops("access.sites", "missing", "Name the sites that would work together.")
    yield from _model_problems(setting)


def _model_problems(setting: Setting) -> Problems:
    """A model leaves only where models are trained and it is said which."""
    access = setting.content.access
    models, at = access.models or Models(), "access.models"
    trains = "train" in access.processing
    if models.leave:
        yield from missing(models, at, "which")
        if not trains:
            yield stops(
                f"{at}.leave", "models",
                "A model can only leave where models are trained: say so above, or answer no.",
            )  # fmt: skip
    elif models.limits:
        yield stops(
            f"{at}.leave", "models",
            "There are limits for models here, but it is not said that a model may leave. Answer "
            "yes, or take the limits away.",
        )  # fmt: skip
    elif trains and models.leave is None:
        yield warns(
            f"{at}.leave", "models",
            "It is not said whether a model may leave: then none may. Checked tables and figures "
            "may.",
        )  # fmt: skip


def flow_problems(setting: Setting) -> Problems:
    """Every movement from where to where, what, how and by which law."""
    flows = setting.content.flows
    if not flows:
        yield stops("flows", "missing", "Say where the data would go: at least one movement.")
    named = {look(place.name) for place in setting.content.places if place.name is not None}
    for n, flow in enumerate(flows):
        yield from missing(flow, f"flows.{n}", *type(flow).model_fields)
        if flow.to_place is not None and look(flow.to_place) not in named:
            yield stops(
                f"flows.{n}.to_place", "place", "Data would go to a place that is not named above."
            )


def safeguard_problems(setting: Setting) -> Problems:
    """No limit is weaker than the custodian allows."""
    asked = setting.content.safeguards
    for limit in read_seed(SafeguardLimits).limits:
        value = getattr(asked, limit.field)
        if value is not None and _is_weaker(value, limit):
            yield stops(
                f"safeguards.{limit.field}",
                "safeguard",
                f"This is weaker than the custodian allows ({limit.limit}).",
            )
    weeks = asked.shift_weeks or 8
    if (asked.shift_candidates or 5) > 2 * weeks + 1:
        yield stops(
            "safeguards.shift_candidates",
            "safeguard",
            "Dates moved by so few weeks cannot keep so many moves possible.",
        )


def _is_weaker(value: float, limit: Limit) -> bool:
    if limit.limit is None or limit.weaker == "any":
        return False
    return value < limit.limit if limit.weaker == "lower" else value > limit.limit


def period_problems(setting: Setting) -> Problems:
    """The dates of the project and of what follows it hang together."""
    period, retention = setting.content.period, setting.content.retention
    starts, ends = period.starts, period.ends
    if starts is None or ends is None:
        return
    if ends < starts:
        yield stops("period.ends", "period", "The project would end before it begins.")
    elif ends < setting.today:
        yield stops("period.ends", "period", "The project would be over already.")
    elif (ends - starts).days > MAX_PERIOD_DAYS:
        yield stops("period.ends", "period", "A project lasts at most ten years.")
    elif (ends - starts).days > LONG_DAYS:
        yield from missing(period, "period", "why_so_long")
    if any(not starts <= each <= ends for each in period.review_dates):
        yield stops("period.review_dates", "period", "A day of review lies outside the project.")
    if (ends - starts).days > 366 and not period.review_dates:
        yield stops("period.review_dates", "missing", "Name a day of review for each year.")
    if retention.destroyed_by is not None and retention.destroyed_by < ends:
        yield stops(
            "retention.destroyed_by", "period", "The data would be destroyed before the work ends."
        )


def document_problems(setting: Setting) -> Problems:
    """Every document says which it is; whether anybody looked at it is said."""
    documents = setting.content.documents
    kinds = {each.code: each for each in read_seed(DocumentKinds).kinds}
    yield from said_twice("documents", "document", [each.id for each in documents])
    for n, each in enumerate(documents):
        at = f"documents.{n}"
        yield from missing(each, at, "id", "kind", "title", "version", "dated", "sha256")
        yield from unchecked(f"{at}.checked_by", f"document {n + 1}", each)
        kind = kinds.get(each.kind or "")
        if each.kind is not None and kind is None:
            yield stops(f"{at}.kind", "unknown-word", "There is no such kind of document.")
        if kind is not None and kind.expires:
            yield from missing(each, at, "expires")
        what = f"Document {n + 1}"
        yield from runs_out(f"{at}.expires", what, each.expires, setting)
        yield from in_the_future(f"{at}.dated", what, each.dated, setting)
        yield from in_the_future(f"{at}.checked_on", "The check", each.checked_on, setting)


def needed_declarations(setting: Setting) -> tuple[DeclarationText, ...]:
    """The declarations that this application needs."""
    content = setting.content
    holds = {
        None: True,
        "ai": content.uses_ai,
        "train": "train" in content.access.processing,
        "company": content.organisation.kind == "company",
    }
    return tuple(each for each in read_seed(Declarations).items if holds[each.when])


def declaration_problems(setting: Setting) -> Problems:
    """Each declaration was made, in today's wording, by somebody, on a day."""
    made = {each.id: each for each in setting.content.declarations if each.agreed}
    for needed in needed_declarations(setting):
        where = f"declarations.{needed.id}"
        found = made.get(needed.id)
        if found is None:
            yield stops(where, "declaration", f"This is not declared yet: {needed.text}")
        elif found.wording != needed.wording:
            yield stops(
                where, "declaration", f"This has a new wording and is declared anew: {needed.text}"
            )
        elif found.by is None or found.on is None:
            yield stops(where, "declaration", "A declaration says who made it and when.")
        else:
            yield from in_the_future(where, "A declaration", found.on, setting)
    yield from said_twice(
        "declarations", "declaration", [each.id for each in setting.content.declarations]
    )
