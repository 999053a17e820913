"""Rows of what comes after a draft: versions, cases, meetings, decisions, permits, releases, acts.

Made for the benchmark of pages and the tests of growth alone: rows are written at once and no
ledger hears of them, so nothing here could be signed or decided.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

STATES = ("draft", "screening", "ready", "with_committee", *["approved"] * 4)
"""Application n is in state n modulo eight: so thirty of them fill a page of most lists."""
_ITEM = {"with_committee": "discussing", "approved": "decided"}
A_MEETING = 10
"""So many applications are on one agenda."""
_HASH = "sha256:" + "0" * 64


def follow(rows: Sequence[Any], events: int, at: datetime) -> None:
    """Everything that comes after a draft, for `rows` (applications), with `events` each."""
    from commonweal.web.applications.models import Application, Version
    from commonweal.web.desk.models import Assessment, Case, Change

    for place, row in enumerate(rows):
        row.state = STATES[place % len(STATES)]
    _bulk(Application).bulk_update(rows, ["state"], batch_size=500)
    sent = [row for row in rows if row.state != "draft"]
    versions = _make(Version, [_version(row, at) for row in sent])
    _make(Assessment, [
        Assessment(application=one.application, version=one, state="not_needed", changed_at=at)
        for one in versions
    ])  # fmt: skip
    _make(Case, [
        Case(application=one.application, version=one, title=f"Study {n}", ai=False,
             since=at + timedelta(minutes=n))
        for n, one in enumerate(versions)
    ])  # fmt: skip
    _make(Change, [
        Change(application=row, state=row.state, at=at) for row in sent for _ in range(events)
    ])  # fmt: skip
    _committee(versions, at)


def _bulk(model: Any) -> Any:
    """Rows of a model, past what governs single ones."""
    from django.db.models import QuerySet

    return QuerySet(model)


def _make(model: Any, rows: list[Any]) -> list[Any]:
    made: list[Any] = _bulk(model).bulk_create(rows, batch_size=500)
    return made


def _version(row: Any, at: datetime) -> Any:
    from commonweal.foundation.clock import stamp
    from commonweal.governance.application.version import ApplicationVersion
    from commonweal.web.applications.models import Version

    content = {
        "project": {"title": f"Study {row.pk}", "lay_summary": "Why do more people come?"},
        "organisation": {"name": "University", "kind": "university"},
        "data": {"dataset": "d0"},
    }
    plain = {
        "version": 1, "application": row.reference, "number": 1, "sent_at": stamp(at),
        "sent_by": "amara", "content": content, "catalogue_digest": _HASH, "rules": {},
    }  # fmt: skip
    paper = ApplicationVersion.read(plain, "The version")
    return Version(
        application=row, number=1, content=paper.canonical(), digest=paper.digest(),
        salt=bytes(32), sent_at=at, sent_by=row.begun_by,
    )  # fmt: skip


def _committee(versions: Sequence[Any], at: datetime) -> None:
    """Meetings with agendas, a question and a decision for each item that was decided."""
    from commonweal.web.accounts.models import User
    from commonweal.web.committee.models import Decision, Item, Meeting, Question

    kate = User.objects.get(public_id="kate")
    heard = [one for one in versions if one.application.state in _ITEM]
    meetings = _make(Meeting, [
        Meeting(held_at=at + timedelta(days=7 + n), place="Room 4", made_by=kate)
        for n in range(-(-len(heard) // A_MEETING))
    ])  # fmt: skip
    items = _make(Item, [
        Item(version=one, meeting=meetings[n // A_MEETING], title=f"Study {n}",
             state=_ITEM[one.application.state])
        for n, one in enumerate(heard)
    ])  # fmt: skip
    _make(Question, [
        Question(public_id=secrets.token_hex(8), item=one, person=kate, words="Why?",
                 salt=bytes(32), asked_at=at)
        for one in items
    ])  # fmt: skip
    decided = [one for one in heard if one.application.state == "approved"]
    decisions = _make(Decision, [
        Decision(version=one, reference=f"{one.application.reference}-1", content=b"{}",
                 digest=_HASH, outcome="approve", title=f"Study {n}", asked_by="University",
                 act=secrets.token_hex(16), made_at=at, published_at=at)
        for n, one in enumerate(decided)
    ])  # fmt: skip
    _projects(decisions, at)


def _projects(decisions: Sequence[Any], at: datetime) -> None:
    """An agreement, a permit, a release and a finished order for each decision but every third."""
    from commonweal.web.projects.models import Agreement, Permit
    from commonweal.web.releases.models import Order, Release

    made = [one for n, one in enumerate(decisions) if n % 3]
    agreements = _make(Agreement, [
        Agreement(reference=f"agreement-{one.reference}", content=b"{}", digest=_HASH, made_at=at,
                  application=one.version.application, decision=one, state="in_force")
        for one in made
    ])  # fmt: skip
    paper, digest = _paper(at)
    permits = _make(Permit, [
        Permit(reference=one.application.reference + "-1", application=one.application,
               agreement=one, content=paper, digest=digest, public_hash=_HASH, state="active",
               begins_at=at, until=at.date(), issued_at=at)
        for one in agreements
    ])  # fmt: skip
    _make(Release, [
        Release(reference=f"{one.reference}.r1", permit=one.reference, state="released",
                begun_at=at, built_at=at)
        for one in permits
    ])  # fmt: skip
    _make(Order, [
        Order(kind="plan", permit=one.reference, permit_hash=_HASH, state="done", ended_at=at,
              asked_by=one.application.begun_by, asked_at=at)
        for one in permits
    ])  # fmt: skip


@dataclass(frozen=True)
class _Key:
    """A signing key of this moment, known to nobody."""

    key_id: str
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


@cache
def _paper(at: datetime) -> tuple[bytes, str]:
    """A signed permit, and its digest: pages read the paper of each row. One does for all."""
    from benchmarks.release import catalogue, draft
    from commonweal.foundation.clock import FixedClock
    from commonweal.papers import Catalogue, Permit, PermitDraft, TrustPolicy
    from commonweal.papers.issue import issue
    from commonweal.papers.trust import encode_public

    key = _Key("bench", Ed25519PrivateKey.generate())
    trust = TrustPolicy.read({
        "trust": 1, "home": "demo", "custodian": "Bench",
        "keys": [{"id": "bench", "holder": "Bench", "algorithm": "Ed25519",
                  "public_key": encode_public(key.private.public_key()), "roles": ["permit"],
                  "valid_from": "2020-01-01T00:00:00.000Z"}],
        "thresholds": {"permit": 1}, "time_to_say_no_days": 0, "direct_time_to_say_no_days": 0,
    }, "The trust policy")  # fmt: skip
    text = issue(
        PermitDraft.read(draft(at), "The draft"),
        Catalogue.read(catalogue(Path("source")), "The catalogue"),
        trust, [key], authority="direct", clock=FixedClock(at),
    )  # fmt: skip
    return text.encode(), Permit.load(text, trust).digest()


# --- the register that the vault publishes --------------------------------------------------------


def publish_register(home: Path, at: datetime) -> None:
    """A register with every permit row, as the vault would write it."""
    from commonweal.foundation.clock import stamp
    from commonweal.web.projects.models import Permit

    place = home / "public" / "register.json"
    place.parent.mkdir(exist_ok=True)
    permits = Permit.objects.values_list("reference", flat=True)
    plain = {
        "format": 1, "home": "bench", "custodian": "Hospital", "made_at": stamp(at),
        "public_size": 1,
        "entries": [_entry(reference, at) for reference in ("study-0", *permits)],
    }  # fmt: skip
    place.write_text(json.dumps(plain))


def _entry(reference: str, at: datetime) -> dict[str, Any]:
    from commonweal.foundation.canonical import digest
    from commonweal.foundation.clock import stamp

    who = {"name": "University", "kind": "university"}
    permit = {
        "permit": 1, "id": reference, "version": 1, "organisation": who, "controllers": [who],
        "purposes": ["research"], "processing": ["table"], "delivery": "enclave",
        "from": "2026-03-01", "until": "2030-02-28", "authority": "direct",
        "issued_at": stamp(at), "say_no_until": stamp(at),
        "data": [{"dataset": "d0", "tables": [
            {"table": "visits", "variables": [{"variable": "age", "form": "exact"}]}]}],
        "project": {"id": reference, "title": f"Study {reference}",
                    "lay_summary": "Why do more people come?"},
    }  # fmt: skip
    return {
        "permit": permit, "permit_hash": digest(permit), "active_from": stamp(at),
        "events": [{"what": "issued", "at": stamp(at.replace(minute=0)), "entry": 0}],
    }  # fmt: skip


# --- addresses ------------------------------------------------------------------------------------


def places(reference: str) -> dict[str, str]:
    """What stands in the addresses of pages about one thing: the first of each there is."""
    from commonweal.web.applications.models import Application
    from commonweal.web.committee.models import Item, Meeting
    from commonweal.web.discovery.presenters import catalogue_or_none
    from commonweal.web.register.presenters import register_or_none

    catalogue, register = catalogue_or_none(), register_or_none()
    ready = Application.objects.filter(state="ready").order_by("pk").first()
    item = Item.objects.filter(state="discussing").order_by("pk").first()
    found = {
        "reference": reference,
        "dataset": catalogue and catalogue.datasets[0].id,
        "project": register and register.entries[0].id,
        "ready": ready and ready.reference,
        "meeting": Meeting.objects.order_by("pk").values_list("pk", flat=True).first(),
        "item": item and item.pk,
    }
    return {name: str(value) for name, value in found.items()}
