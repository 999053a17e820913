"""From an application to a release that holds what people decided, and nothing that they did not.

Real papers, a real home, real commands; the people are those of the demonstration, each with a key
of their own. Its twins change one thing each. The signer refuses, and nothing is written.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from commonweal.demo.hospital import make_hospital, write_choices
from commonweal.demo.walkthrough import application, papers
from commonweal.demo.walkthrough.deciding import (
    CONFLICTED,
    GUARDIAN,
    SIRO,
    VOTERS,
    Deciding,
    make_keys,
    people_list,
    whole_milliseconds,
)
from commonweal.foundation.canonical import canonical
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.london import london_day
from commonweal.governance.committee.decision import Decision
from commonweal.governance.committee.rules import default_rules
from commonweal.governance.dossier.judge import DossierJudge, installed_rules
from commonweal.governance.dossier.paper import approval_digest
from commonweal.governance.dossier.published import PublishedRules
from commonweal.papers.acts import new_act, software_signed
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.release import ReleaseSummary
from commonweal.vault.custody import Custody, open_custody
from commonweal.vault.custody.acts import records_about
from commonweal.vault.custody.committee_permits import issue_from_dossier
from tests import people
from tests.integration.test_main_job_commands import MEMORY, Desk
from tests.release_house import read_opened

PATIENTS = 300
Plain = dict[str, Any]


@dataclass(frozen=True)
class Hospital:
    """A demonstration home with its people, their roster in force, and a checked catalogue."""

    desk: Desk

    @property
    def folder(self) -> Path:
        return self.desk.folder

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue.load(self.folder / "catalogue.yaml")

    def decided(
        self, id_: str, how: Callable[[Deciding], object] = Deciding.all_steps, **changes: Any
    ) -> Plain:
        """The dossier of a new application, after the steps in `how`."""
        with open_custody(self.folder / "home", SystemClock()) as custody:
            at = whole_milliseconds(custody.book.now())
            version = application.send(id_, PATIENTS, self.catalogue, at)
            made = Deciding(custody, version, self.catalogue, **changes)
            how(made)
            plain: Plain = made.dossier().plain()
            return plain

    def issue(self, plain: Plain, code: int = 0) -> str:
        """`permit issue --dossier`, as it is typed; what it said."""
        dossier, out = self.folder / "dossier.json", self.folder / f"{plain['application']}.jws"
        dossier.write_bytes(canonical(plain))
        return self.desk.give(
            "permit", "issue", "--dossier", dossier, "--key", "permit-signer", "--out", out,
            "--catalogue", "catalogue.yaml", code=code,
        )  # fmt: skip

    def signed_off(self, folder: Path) -> Path:
        """A file with what the information governance officer signs about a release."""
        with open_custody(self.folder / "home", SystemClock()) as custody:
            content = (folder / "summary.jws").read_bytes()
            summary = ReleaseSummary.load(content, custody.belief)
            at = whole_milliseconds(custody.book.now())
            act = new_act(
                kind="sign_off_release", verdict="sign_off", actor="edward", role="ig_officer",
                subject=summary.release, object_digest=summary.digest(), home=custody.home.id,
                at=at,
            )  # fmt: skip
            signed = software_signed(act, custody.signer("edward"), at)
        file = self.folder / "signed-off.json"
        file.write_bytes(canonical(signed.plain()))
        return file

    def is_refused(self, plain: Plain, code: str) -> None:
        """The signer refuses, and neither the ledger nor a file holds anything of it."""
        id_, out = plain["application"], self.folder / f"{plain['application']}.jws"
        dossier = self.folder / "wrong.json"
        dossier.write_bytes(canonical(plain))
        judge = DossierJudge(installed_rules())
        with open_custody(self.folder / "home", SystemClock()) as custody:
            before = _entries(custody)
            with pytest.raises(CommonwealError) as caught:
                issue_from_dossier(custody, dossier, judge, ["permit-signer"], out, self.catalogue)
            assert caught.value.code == code, caught.value.sentence
            assert _entries(custody) == before
            assert custody.ledger.permit_standing(f"{id_}-1") is None
            heard = records_about(custody, id_).acts.values()
            assert {one.used_for for one in heard} == {None}
        assert not out.exists()


def _entries(custody: Custody) -> int:
    with custody.ledger.reading() as connection:
        counted: int = connection.execute("SELECT count(*) FROM intent").fetchone()[0]
    return counted


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    desk = Desk(tmp_path_factory.mktemp("decided"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COMMONWEAL_ROOT_STORE", str(desk.folder / "root"))
        yield _made(desk)


def _made(desk: Desk) -> Hospital:
    desk.give("home", "create", "--name", papers.CUSTODIAN["name"], "--demo")
    make_hospital(desk.folder / "hospital", patients=PATIENTS)
    write_choices(desk.folder / "choices", desk.folder / "hospital", checked_at=datetime.now(UTC))
    desk.give("catalogue", "scan", "hospital", "--out", "catalogue.yaml",
              "--dataset", papers.DATASET, "--custodian", papers.CUSTODIAN["name"])  # fmt: skip
    edited = papers.edit(desk.read("catalogue.yaml"))
    for table in edited["datasets"][0]["tables"]:
        for variable in table["variables"]:
            if variable["name"] == "primary_diagnosis":
                variable["forms"] = ["exact", "truncate(4)", "truncate(3)"]
    desk.write("catalogue.yaml", edited)
    desk.give("catalogue", "check", "catalogue.yaml")
    with open_custody(desk.folder / "home", SystemClock()) as custody:
        make_keys(custody)
        listed = people_list(london_day(custody.book.now()))
    (desk.folder / "people.yaml").write_text(yaml.safe_dump(listed))
    desk.give("people", "propose", "people.yaml", "--out", "roster")
    for key in ("guardian", "siro"):
        desk.give("people", "sign", "roster", "--key", key)
    assert "counts now" in desk.give("people", "adopt", "roster")
    return Hospital(desk)


@pytest.fixture(autouse=True)
def root_store(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in this process the home's keys are where the commands put them."""
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(hospital.folder / "root"))


@pytest.fixture
def opened() -> Iterator[Path]:
    """A folder in memory, gone at the end."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    yield folder / "data"
    shutil.rmtree(folder)


# --- what was decided is what is released -------------------------------------------------------


def test_a_decision_becomes_a_release(hospital: Hospital, opened: Path) -> None:
    plain = hospital.decided("DECIDED-1")
    said = hospital.issue(plain)
    assert "Permit DECIDED-1-1 was issued; authority: committee." in said
    shown = hospital.desk.give("permit", "show", "DECIDED-1.jws")
    assert "authority: direct" not in shown
    paper = json.loads(hospital.desk.give("permit", "show", "DECIDED-1.jws", "--json"))["paper"]
    assert paper["data"] == plain["draft"]["data"]
    assert paper["conditions"][0] == "Results are published within a year."
    forms = {
        (table["table"], item["variable"]): item["form"]
        for table in paper["data"][0]["tables"]
        for item in table["variables"]
    }
    decided = {
        (one["table"], one["variable"]): one["verdict"] for one in plain["decision"]["variables"]
    }
    assert decided[application.STRUCK] == "refused"
    assert decided[application.COARSER] == "coarser"
    assert set(forms) == {place for place, verdict in decided.items() if verdict != "refused"}
    assert forms[application.COARSER] == "truncate(3)"

    papers_ = ("--permit", "DECIDED-1.jws", "--catalogue", "catalogue.yaml", "--choices", "choices")
    plan = json.loads(hospital.desk.give("release", "plan", *papers_, "--json"))
    assert plan["would_be_refused"] == []
    built = json.loads(hospital.desk.give("release", "build", *papers_, "--json"))
    folder = Path(built["folder"])
    assert "is whole" in hospital.desk.give("release", "verify", folder)
    refused = hospital.desk.give("release", "open", folder, "--to", opened, code=4)
    assert refused.startswith("CW-RELEASE-NOT-SIGNED-OFF: ")
    act = hospital.signed_off(folder)
    assert hospital.desk.give("release", "decide", folder, "--act", act, code=4).startswith(
        "CW-ACT-NOT-RECORDED: "
    )
    hospital.desk.give("act", "record", act)
    assert "was signed off" in hospital.desk.give("release", "decide", folder, "--act", act)
    hospital.desk.give("release", "open", folder, "--to", opened)
    tables = read_opened(opened)
    held = {(name, column) for name, table in tables.items() for column in table.column_names}
    assert held == set(forms)
    diagnoses = tables["admissions"].column("primary_diagnosis").drop_null().to_pylist()
    assert diagnoses
    assert max(map(len, diagnoses)) == 3
    assert hospital.desk.give("ledger", "verify")

    # The same signatures make one permit and no second one.
    (hospital.folder / "DECIDED-1.jws").rename(hospital.folder / "first.jws")
    assert hospital.issue(plain, code=4).startswith("CW-ACT-USED: ")


def test_an_act_can_come_by_command(hospital: Hospital) -> None:
    """The last countersignature is brought to the ledger by `act record`, in time."""
    with open_custody(hospital.folder / "home", SystemClock()) as custody:
        at = whole_milliseconds(custody.book.now())
        version = application.send("COMMAND-1", PATIENTS, hospital.catalogue, at)
        made = Deciding(custody, version, hospital.catalogue)
        made.send()
        made.hold_workshop()
        made.advise()
        made.review()
        made.decide()
        made.agree()
        made.sign(GUARDIAN, "countersign", "agree", made.approval())
        signed = made.signed(SIRO, "countersign", "agree", made.approval())
        plain: Plain = made.dossier().plain()
    plain["acts"].append(signed.plain())
    hospital.is_refused(plain, "CW-ACT-NOT-RECORDED")
    (hospital.folder / "act.json").write_text(json.dumps(signed.plain()))
    assert "Senior Information Risk Owner" in hospital.desk.give("act", "show", "act.json")
    hospital.desk.give("act", "record", "act.json")
    assert "authority: committee" in hospital.issue(plain)


# --- one thing changed --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def right(hospital: Hospital) -> Plain:
    """A dossier that is right, of which every twin changes one thing."""
    return hospital.decided("TWINS-1")


def _vote(plain: Plain) -> None:
    plain["votes"][0]["verdict"] = "reject"


def _vote_left_out(plain: Plain) -> None:
    gone = plain["votes"].pop()
    plain["acts"] = [
        one for one in plain["acts"]
        if (one["act"]["kind"], one["act"]["actor"]) != ("vote", gone["person"])
    ]  # fmt: skip


def _variable(plain: Plain) -> None:
    added = {"variable": application.STRUCK[1], "form": "exact", "why": "x"}
    plain["draft"]["data"][0]["tables"][0]["variables"].append(added)


def _finer(plain: Plain) -> None:
    for table in plain["draft"]["data"][0]["tables"]:
        for item in table["variables"]:
            if (table["table"], item["variable"]) == application.COARSER:
                item["form"] = "exact"


def _struck_no_more(plain: Plain) -> None:
    for one in plain["decision"]["variables"]:
        one["verdict"] = "granted"
        one.pop("form", None)
        one.pop("reason", None)


def _no_condition(plain: Plain) -> None:
    plain["draft"]["conditions"] = []


def _longer(plain: Plain) -> None:
    plain["draft"]["until"] = "2099-12-31"


def _no_assessment(plain: Plain) -> None:
    del plain["assessment"]


def _more_people_at_the_workshop(plain: Plain) -> None:
    plain["assessment"]["workshop"]["people"] = 500


def _another_answer(plain: Plain) -> None:
    answers = next(one for one in plain["version"]["answers"] if one["form"] == "aia")
    answers["values"]["worst"] = "Nothing."


def _agreement(plain: Plain) -> None:
    plain["agreement"]["kept"] = "Everything."


def _respelt(plain: Plain) -> None:
    del plain["votes"][0]["conditions"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_vote, "CW-DOSSIER-DIGEST"),
        (_vote_left_out, "CW-DOSSIER-ACT-MISSING"),
        (_variable, "CW-DOSSIER-DRAFT"),
        (_finer, "CW-DOSSIER-DRAFT"),
        (_no_condition, "CW-DOSSIER-DRAFT"),
        (_longer, "CW-DOSSIER-DRAFT"),
        (_struck_no_more, "CW-DOSSIER-DIGEST"),
        (_no_assessment, "CW-DOSSIER-ASSESSMENT"),
        (_more_people_at_the_workshop, "CW-DOSSIER-DIGEST"),
        (_another_answer, "CW-DOSSIER-DIGEST"),
        (_agreement, "CW-DOSSIER-DIGEST"),
        (_respelt, "CW-DOSSIER-DIGEST"),
    ],
)
def test_a_dossier_with_one_thing_changed(
    hospital: Hospital, right: Plain, change: Callable[[Plain], None], code: str
) -> None:
    plain = json.loads(json.dumps(right))
    change(plain)
    assert plain != right
    hospital.is_refused(plain, code)


def test_the_command_refuses_it_as_well(hospital: Hospital, right: Plain) -> None:
    plain = json.loads(json.dumps(right))
    _vote(plain)
    assert hospital.issue(plain, code=3).startswith("CW-DOSSIER-DIGEST: ")
    assert not (hospital.folder / "TWINS-1.jws").exists()


# --- people who do wrong, with true signatures --------------------------------------------------


def _conflicted_vote(made: Deciding) -> None:
    """The member with a conflict votes all the same; everybody else does what they should."""
    made.send()
    made.hold_workshop()
    made.advise()
    made.review()
    made.vote(CONFLICTED)
    wrong = made.votes.pop()
    made.decide()
    made.votes.append(wrong)
    made.agree()
    made.countersign()


def test_the_vote_of_a_member_with_a_conflict(hospital: Hospital) -> None:
    plain = hospital.decided("CONFLICT-1", _conflicted_vote)
    hospital.is_refused(plain, "CW-DOSSIER-CONFLICT")


def _as_if_by_our_rules(made: Deciding) -> None:
    """Five vote, two of them lay; the chair signs it as if it were a decision by the rules."""
    ours = default_rules()
    made.send()
    made.hold_workshop()
    made.advise()
    made.review()
    made.rules = ours.model_copy(
        update={"quorum": ours.quorum.model_copy(
            update={"members": 5, "by_role": (), "lay_share_percent": 1})}
    )  # fmt: skip
    sign = made.sign

    def signs(who: str, kind: Any, verdict: str, about: str, content: str | None = None) -> None:
        if kind == "decide":
            assert made.decision is not None
            plain = made.decision.plain() | {"rules_digest": ours.digest()}
            made.decision = Decision.read(plain, "The decision")
            about = made.decision.digest()
        sign(who, kind, verdict, about, content)

    made.sign = signs  # type: ignore[method-assign]
    made.decide()
    made.agree()
    made.countersign()


def test_a_chair_cannot_make_up_a_quorum(hospital: Hospital) -> None:
    plain = hospital.decided("QUORUM-1", _as_if_by_our_rules, voters=VOTERS[:5])
    hospital.is_refused(plain, "CW-COMMITTEE-QUORUM")


def test_a_decision_under_other_rules(hospital: Hospital) -> None:
    others = default_rules().model_copy(update={"meets_every_days": 62})
    plain = hospital.decided("OTHER-RULES-1", rules=others)
    hospital.is_refused(plain, "CW-DECISION-OTHER")


def test_a_member_who_says_no_is_not_outvoted(hospital: Hospital) -> None:
    def one_says_no(made: Deciding) -> None:
        made.send()
        made.advise()
        for who in VOTERS:
            made.declare(who)
        for who in VOTERS:
            made.vote(who, "reject" if who == VOTERS[-1] else "approve")
        with pytest.raises(Refused, match="no decision"):
            made.decide()

    # There is no decision, so there is no dossier either.
    with pytest.raises(CommonwealError, match="CW-DOSSIER-INVALID"):
        hospital.decided("NO-1", one_says_no)


def _led_by_a_voter(made: Deciding) -> None:
    made.send()
    made.hold_workshop()
    assert made.assessment is not None
    assert made.assessment.workshop is not None
    workshop = made.assessment.workshop.model_copy(update={"rapporteur": VOTERS[0]})
    made.assessment = made.assessment.model_copy(update={"workshop": workshop})
    made.advise()
    made.review()
    made.decide()
    made.agree()
    made.countersign()


def test_the_record_of_a_workshop_by_somebody_who_votes(hospital: Hospital) -> None:
    plain = hospital.decided("RAPPORTEUR-1", _led_by_a_voter)
    hospital.is_refused(plain, "CW-ASSESSMENT-RECORD")


# --- the rules ----------------------------------------------------------------------------------


def test_the_installed_rules_are_the_published_ones(right: Plain) -> None:
    rules = installed_rules()
    assert rules == PublishedRules()
    assert PublishedRules().rules(people.roster()) == default_rules()
    facts = rules.version(right["version"])
    assert (facts.application, facts.sent_by, facts.needs_assessment) == ("TWINS-1", "amara", True)
    assert facts.involved == {"amara"}
    named = rules.agreement(right["agreement"]).signatories
    assert named == {
        "signatory_applicant": frozenset({"colin"}), "signatory_custodian": frozenset({"vera"}),
    }  # fmt: skip
    assert [rules.vote(one).person for one in right["votes"]] == list(VOTERS)
    said = {rules.declaration(one).person: rules.declaration(one).free
            for one in right["declarations"]}  # fmt: skip
    assert said == {**dict.fromkeys(VOTERS, True), CONFLICTED: False}
    approved = {name: right[name] for name in ("version", "decision", "agreement", "draft")}
    digest = approval_digest(**approved, assessment=right["assessment"])
    signed = [one["act"] for one in right["acts"] if one["act"]["kind"] == "countersign"]
    assert [one["object_digest"] for one in signed] == [digest, digest]


@pytest.mark.parametrize("part", ["version", "decision", "agreement", "vote", "declaration"])
def test_a_part_that_is_not_in_its_full_form(right: Plain, part: str) -> None:
    plain = right[f"{part}s"][0] if part in ("vote", "declaration") else right[part]
    read = getattr(installed_rules(), part)
    assert read(plain)
    for changed in ({**plain, "extra": 1}, {k: v for k, v in plain.items() if k != part}, {}):
        with pytest.raises(CommonwealError, match="CW-DOSSIER-INVALID"):
            read(changed)


def test_shorter_routes_are_not_signed_without_a_proposal(right: Plain) -> None:
    from commonweal.governance.dossier.rulebook import Review

    for route in ("chair", "proportionate"):
        decision = {**right["decision"], "route": route}
        review = Review(
            right["version"], decision, (), (), people.roster(), datetime.now(UTC), people.roster()
        )  # fmt: skip
        with pytest.raises(Refused) as caught:
            installed_rules().decide(review)
        assert caught.value.code == "CW-COMMITTEE-ROUTE"
        with pytest.raises(Refused) as caught:
            installed_rules().decide(replace(review, decision={**decision, "version_number": 2}))
        assert caught.value.code == "CW-DECISION-OTHER"
