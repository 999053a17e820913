"""S11: who owns the service's database brings nothing in that two people did not sign for.

The naive twin believes the row: whatever lies there under the approved name is what comes in, by
whomever the row says. Then a table that was approved is another one by the time a study reads it,
and who brought it approved it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.acts import new_act, software_signed
from commonweal.vault.custody.acts import record_act, records_about, void_act
from tests.web.conftest import db, web_home  # noqa: F401 (fixtures)
from tests.web.ingress.conftest import bare, own_home, room, sandbox  # noqa: F401 (fixtures)
from tests.web.ingress.room import TABLE, Room, again, person
from tests.web.own_permits import OWN
from tests.web.signing_room import signer

OTHER = b"lsoa,imd\nE01,9\nE02,9\n"


def naive(row: Any) -> tuple[bytes, str]:
    """The twin: what lies there comes in, approved by whom the row names."""
    row = again(row)
    return bytes(row.file.content), row.decided_by.public_id


def outcome(room: Room, row: Any, code: str) -> None:  # noqa: F811
    """The enclave refused it, and nothing of it is in."""
    room.work()
    found = again(row)
    assert (found.state, found.code) == ("failed", code), found.sentence
    assert room.nothing_in()


def signed_act(room: Room, who: str, kind: str, verdict: str, row: Any, **changed: Any) -> Any:  # noqa: F811
    """A true act of somebody's, signed with their key and heard of by the ledger."""
    from django.conf import settings

    from commonweal.web.config import clock
    from commonweal.web.signing.models import HEARD, Act

    said = {"role": "data_manager", "subject": row.reference, "object_digest": row.digest} | changed
    paper = new_act(kind=kind, verdict=verdict, actor=who, home=settings.HOME.id,  # type: ignore[arg-type]
                    at=clock.now(), **said)  # fmt: skip
    with signer(room.home) as custody:
        signed = software_signed(paper, custody.signer(who), paper.at)
        record_act(custody, signed)
        heard = records_about(custody, paper.subject).heard(signed).heard
    return Act.objects.create(
        id=paper.id, person=person(who), kind=kind, verdict=verdict, role=paper.role,
        subject=paper.subject, object_digest=paper.object_digest, paper=paper.canonical(),
        back="/", evidence=signed.plain()["evidence"], state=HEARD, made_at=paper.at,
        expires_at=paper.expires, signed_at=paper.at, settled_at=clock.now(), heard_at=heard.at,
        entry=heard.entry,
    )  # fmt: skip


def forged(row: Any, approves: Any, brings: Any = None) -> Any:
    """An order that somebody wrote into the database."""
    from commonweal.web.config import clock
    from commonweal.web.ingress.models import IngressOrder, Offering
    from commonweal.web.signing.models import Act

    mine = Act.objects.filter(kind="bring_in", subject=row.reference).last()
    Offering.objects.filter(pk=row.pk).update(state="approved", decided_by=person("farah"))
    return IngressOrder.objects.create(
        kind="let_in", offering=row, asked_at=clock.now(), brings=brings or mine, approves=approves
    )


# --- who approves ---------------------------------------------------------------------------------


def test_nobody_approved_it(room: Room) -> None:  # noqa: F811
    row = room.offered()
    forged(row, None)
    assert naive(row) == (TABLE, "farah")
    outcome(room, row, "CW-INGRESS-ACTS")


def test_who_brought_it_approves_it(room: Room) -> None:  # noqa: F811
    """A data manager brings something for all projects, and signs the approval as well."""
    row = room.offered("farah", permit="")
    forged(row, signed_act(room, "farah", "approve_ingress", "approve", row))
    outcome(room, row, "CW-INGRESS-PEOPLE")


def test_the_pages_do_not_offer_it_either(room: Room) -> None:  # noqa: F811
    from commonweal.web.ingress.services import propose_decision

    row = room.offered("farah", permit="")
    for who in ("farah", "edward", "owen", "tara"):
        with pytest.raises(CommonwealError) as caught:
            propose_decision(person(who), row, "approve", "", "/")
        assert caught.value.code == "CW-WEB-DENIED"


def test_somebody_without_the_role_approves_it(room: Room) -> None:  # noqa: F811
    """The ledger does not even hear of it; an order that claims so finds nothing there."""
    row = room.offered()
    for who, role in (("edward", "ig_officer"), ("owen", "data_manager")):
        with pytest.raises(CommonwealError) as caught:
            signed_act(room, who, "approve_ingress", "approve", row, role=role)
        assert caught.value.code == "CW-ACT-ROLE"


def test_an_approval_that_the_ledger_never_heard_of(room: Room) -> None:  # noqa: F811
    from commonweal.web.config import clock
    from commonweal.web.ingress.services import propose_decision
    from commonweal.web.signing.models import Act

    row = room.offered()
    act = propose_decision(person("farah"), row, "approve", "", "/")
    now = clock.now()
    Act.objects.filter(pk=act.pk).update(
        state="heard", heard_at=now, settled_at=now, entry=1,
        evidence={"kind": "software", "credential": "farah", "jws": "e30"},
    )  # fmt: skip
    forged(row, Act.objects.get(pk=act.pk))
    outcome(room, row, "CW-ACT-NOT-RECORDED")


def test_somebody_of_the_project_approves_it(room: Room, monkeypatch: Any) -> None:  # noqa: F811
    """A data manager whom the permit names is of the project, whatever the rows say."""
    from commonweal.vault.custody.ingress_ground import IngressGround

    row = room.decided(room.offered())
    real = IngressGround._members
    monkeypatch.setattr(
        IngressGround, "_members", lambda self, offer: real(self, offer) | {"farah"}
    )
    outcome(room, row, "CW-INGRESS-PEOPLE")


def test_who_brings_for_a_permit_that_does_not_name_them(room: Room) -> None:  # noqa: F811
    """Divya writes herself into the rows of a project that is not hers."""
    from commonweal.web.applications.models import CoAuthor
    from commonweal.web.config import clock
    from commonweal.web.projects.models import Permit

    divya = person("divya")
    application = Permit.objects.get(reference=OWN).application
    CoAuthor.objects.create(
        application=application, person=divya, added_at=clock.now(),
        organisation=divya.memberships.get().organisation,
    )  # fmt: skip
    outcome(room, room.decided(room.offered("divya")), "CW-INGRESS-PEOPLE")


# --- what is approved -----------------------------------------------------------------------------


def change_row(row: Any, **fields: Any) -> None:
    from commonweal.web.ingress.models import Offering

    Offering.objects.filter(pk=row.pk).update(**fields)


def swap(row: Any, content: bytes = OTHER) -> None:
    from commonweal.web.ingress.models import OfferingFile

    OfferingFile.objects.filter(offering_id=row.pk).update(content=content)


def paper_of(row: Any, **changes: Any) -> dict[str, Any]:
    """The row's fields for a paper that says something else."""
    from commonweal.papers.ingress import IngressOffer

    offer = again(row).offer
    assert offer is not None
    paper = IngressOffer.read({**offer.plain(), **changes}, "It")
    return {"paper": paper.canonical(), "digest": paper.digest(), "sha256": paper.sha256,
            "name": paper.name, "licence": paper.licence}  # fmt: skip


def test_a_file_that_was_swapped_before_the_approval(room: Room) -> None:  # noqa: F811
    row = room.offered()
    swap(row)
    row = room.decided(row)
    assert naive(row) == (OTHER, "farah")
    outcome(room, row, "CW-INGRESS-CHANGED")


def test_a_file_that_was_swapped_after_the_approval(room: Room) -> None:  # noqa: F811
    row = room.decided(room.offered())
    swap(row)
    outcome(room, row, "CW-INGRESS-CHANGED")


def test_file_and_paper_swapped_together(room: Room) -> None:  # noqa: F811
    """Farah is shown the other file and signs it; nobody brought that one."""
    import hashlib

    row = room.offered()
    digest = f"sha256:{hashlib.sha256(OTHER).hexdigest()}"
    swap(row)
    change_row(row, **paper_of(row, sha256=digest, bytes=len(OTHER)))
    row = room.decided(again(row))
    assert row.state == "approved"
    outcome(room, row, "CW-INGRESS-ACTS")


@pytest.mark.parametrize(
    "changes", [{"name": "other.csv"}, {"licence": "MIT"}, {"about": "Something else"}]
)
def test_words_that_were_changed_after_both_signed(room: Room, changes: Any) -> None:  # noqa: F811
    row = room.decided(room.offered())
    change_row(row, **paper_of(row, **changes))
    outcome(room, row, "CW-INGRESS-ACTS")


def test_words_that_were_changed_on_the_way_are_not_signed(room: Room) -> None:  # noqa: F811
    """The page shows the row, the paper is what is signed: they must be one."""
    from commonweal.web.ingress.services import propose_decision

    row = room.offered()
    for field, value in (("about", "A harmless table"), ("licence", "MIT"), ("found", "csv: 1"),
                         ("names", ["a"]), ("sha256", "sha256:" + "1" * 64)):  # fmt: skip
        before = getattr(again(row), field)
        change_row(row, **{field: value})
        with pytest.raises(CommonwealError) as caught:
            propose_decision(person("farah"), again(row), "approve", "", "/")
        assert caught.value.code == "CW-WEB-VERSION", field
        change_row(row, **{field: before})


# --- which acts -----------------------------------------------------------------------------------


def other_file(room: Room, row: Any) -> Any:  # noqa: F811
    """A true approval of farah's, of another file."""
    del row
    other = room.offered(content=OTHER, name="other.csv")
    return signed_act(room, "farah", "approve_ingress", "approve", other)


def other_hash(room: Room, row: Any) -> Any:  # noqa: F811
    """A true approval under this file's name, of another paper."""
    return signed_act(room, "farah", "approve_ingress", "approve", row,
                      object_digest="sha256:" + "1" * 64)  # fmt: skip


def other_kind(room: Room, row: Any) -> Any:  # noqa: F811
    """Farah signed that she brings it, not that it may come in."""
    return signed_act(room, "farah", "bring_in", "bring", row)


def other_subject(room: Room, row: Any) -> Any:  # noqa: F811
    """The very paper under another name."""
    return signed_act(room, "farah", "approve_ingress", "approve", row, subject="in-" + "b" * 20)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (other_file, "CW-INGRESS-ACTS"),
        (other_hash, "CW-INGRESS-ACTS"),
        (other_kind, "CW-INGRESS-ACTS"),
        (other_subject, "CW-DOSSIER-ACT-EXTRA"),
    ],
)
def test_an_act_that_does_not_say_so(
    room: Room,  # noqa: F811
    made: Callable[[Room, Any], Any],
    code: str,
) -> None:
    row = room.offered()
    forged(row, made(room, row))
    assert naive(row) == (TABLE, "farah")
    outcome(room, row, code)


def test_a_no_cannot_be_left_out(room: Room) -> None:  # noqa: F811
    """Refused, and later approved by mistake or under another name: the no counts."""
    row = room.offered()
    signed_act(room, "farah", "approve_ingress", "refuse", row)
    forged(row, signed_act(room, "farah", "approve_ingress", "approve", row))
    outcome(room, row, "CW-INGRESS-REFUSED")


def test_a_no_under_another_name_counts_as_well(room: Room) -> None:  # noqa: F811
    row = room.offered()
    signed_act(room, "farah", "approve_ingress", "refuse", row, subject="in-" + "c" * 20)
    forged(row, signed_act(room, "farah", "approve_ingress", "approve", row))
    outcome(room, row, "CW-INGRESS-REFUSED")


def test_an_approval_that_was_void(room: Room) -> None:  # noqa: F811
    row = room.decided(room.offered())
    from commonweal.web.ingress.models import IngressOrder

    with signer(room.home) as custody:
        void_act(custody, IngressOrder.objects.get(kind="let_in").approves_id, "CW-STATE-STEP")
    outcome(room, row, "CW-ACT-VOID")


def test_approved_before_anybody_brought_it(room: Room) -> None:  # noqa: F811
    row = room.scanned()
    approves = signed_act(room, "farah", "approve_ingress", "approve", row)
    brings = signed_act(room, "amara", "bring_in", "bring", row, role="applicant")
    forged(row, approves, brings)
    outcome(room, row, "CW-INGRESS-ACTS")


def test_acts_count_once(room: Room) -> None:  # noqa: F811
    """What was let in and then removed by hand does not come in under another name."""
    from commonweal.web.ingress.models import IngressOrder, OfferingFile

    row = room.decided(room.offered())
    room.work()
    assert room.is_in()
    OfferingFile.objects.create(offering=again(row), content=TABLE)
    change_row(row, **paper_of(row, name="again.csv"))
    IngressOrder.objects.filter(kind="let_in").update(
        state="queued", ended_at=None, attempts=0, worker="", result=None
    )
    room.work()
    assert again(row).state == "failed"
    assert len(room.events()) == 1
    assert not room.is_in("again.csv")


def test_names_that_are_typed_let_nothing_in_where_people_are_real(room: Room) -> None:  # noqa: F811
    from commonweal.enclave.ingress import Bringing, bring
    from commonweal.vault.release.job_desk import JobDesk

    file = room.home.parent / "t.csv"
    file.write_bytes(TABLE)
    what = Bringing("t.csv", "reference", "MIT", "A table", "amara", "farah")
    with signer(room.home) as custody:
        desk = JobDesk(custody)

        class Real:
            """The same desk in a home where people are real."""

            is_demonstration = False
            record = desk.record

        with pytest.raises(CommonwealError) as caught:
            bring(room.folder, Real(), None, custody.clock, file, what)  # type: ignore[arg-type]
    assert caught.value.code == "CW-INGRESS-ACTS"
    assert room.nothing_in()
