"""S11: whoever owns the web or its database lets no output out.

`Naive` is an airlock as many are: votes are rows, a release looks at the rows, and nobody verifies
a signature or hashes a file again. Each attack lets a file out of it. Against ours the same attack
is made with all that its owner has: the store's files, the ledger's port, every act that was ever
signed. It is refused, and nothing leaves.
"""
# ruff: noqa: E501

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.governance.outputs import OutputCase, judge_output
from commonweal.papers.act_records import ActRecords, RecordedAct
from commonweal.papers.acts import Heard, SignedAct
from commonweal.papers.output_manifest import Findings, OutputManifest, OutputReview
from commonweal.papers.roster import Roster
from commonweal.papers.roster_history import RosterHistory, RosterVersion
from tests import factories, output_papers, people
from tests.output_house import OutputHouse, copied, counts, make_output_house, patients, refused
from tests.output_papers import H

# --- the naive twin -----------------------------------------------------------------------------


@dataclass
class Naive:
    """Rows and files. `votes`: (output, person, verdict) as the web wrote them."""

    files: dict[str, bytes] = field(default_factory=dict)
    votes: list[tuple[str, str, str]] = field(default_factory=list)
    permit: str = "active"
    left: list[tuple[str, bytes]] = field(default_factory=list)
    recalled: set[str] = field(default_factory=set)

    def download(self, output: str) -> bytes:
        assert output not in self.recalled
        return dict(self.left)[output]

    def submit(self, output: str, content: bytes) -> None:
        assert self.permit == "active"
        self.files[output] = content

    def release(self, output: str) -> None:
        yes = [row for row in self.votes if row[0] == output and row[2] == "approve"]
        if len(yes) >= 2:
            self.left.append((output, self.files[output]))


@pytest.fixture
def naive() -> Naive:
    made = Naive()
    made.submit("out-1", b"safe")
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> OutputHouse:
    house = make_output_house(tmp_path_factory.mktemp("outputs") / "made")
    house.close()
    return house


@pytest.fixture
def house(made: OutputHouse, tmp_path: Path) -> Iterator[OutputHouse]:
    here = copied(made, tmp_path / "house")
    yield here
    here.close()


def slip_in(house: OutputHouse, signed: SignedAct, review: OutputReview, *, heard: bool) -> None:
    """An act put into the store behind the desk's back, and before the ledger if it takes it."""
    submitted = house.store.read(signed.act.subject)
    house.store.add(submitted, signed, review)
    if heard:
        with house.ground.transaction() as writing:
            house.ground.record(writing, signed)


def vote_of(house: OutputHouse, who: str, output: str = "out-1") -> tuple[SignedAct, OutputReview]:
    review = house.review(house.store.read(output).manifest)
    house.clock.advance(timedelta(seconds=1))
    return house.signed_vote(who, review), review


# --- the attacks --------------------------------------------------------------------------------


def test_a_forged_vote(naive: Naive, house: OutputHouse) -> None:
    naive.votes += [("out-1", "ada", "approve"), ("out-1", "ben", "approve")]
    naive.release("out-1")
    assert naive.left

    house.submitted()
    house.vote("ada")
    # Signed by nobody: ada's own signed act, with another's name, or with another id.
    signed, review = vote_of(house, "ada")
    for changed in ({"actor": "ben"}, {"id": "z" * 32}, {"role": "siro"}):
        plain = signed.plain()
        plain["act"] |= changed
        forged = SignedAct.load(plain)
        slip_in(house, forged, review, heard=False)
        refused("CW-LEAVING-VOTES", house.release)
    assert house.nothing_left()


def test_a_forged_vote_that_the_ledger_is_asked_to_take(house: OutputHouse) -> None:
    house.submitted()
    signed, review = vote_of(house, "ada")
    plain = signed.plain()
    plain["act"]["actor"] = "ben"
    forged = SignedAct.load(plain)
    refused("CW-ACT-CREDENTIAL", slip_in, house, forged, review, heard=True)
    assert house.nothing_left()


def test_an_act_that_is_changed_after_it_was_heard(house: OutputHouse) -> None:
    found = house.submitted()
    house.vote("ada")
    house.vote("ben", verdict="reject")
    house.vote("cleo", verdict="approve")
    # The owner of the files turns the one who rejected into one who approves.
    for path in (found.folder / "acts").iterdir():
        plain = house.plain(path)
        if b'"actor":"ben"' in plain:
            house.rewrite(path, plain.replace(b'"verdict":"reject"', b'"verdict":"approve"'))
    refused("CW-ACT-NOT-RECORDED", house.release)
    assert house.nothing_left()


def test_a_vote_for_another_output_is_brought_again(naive: Naive, house: OutputHouse) -> None:
    naive.votes += [("out-1", "ada", "approve"), ("out-1", "ben", "approve")]
    naive.submit("out-2", b"not safe")
    naive.votes = [("out-2", who, said) for _, who, said in naive.votes]
    naive.release("out-2")
    assert naive.left == [("out-2", b"not safe")]

    first = house.approved("out-1")
    second = house.submitted("out-2")
    copied = [
        second.folder / path.relative_to(first.folder)
        for name in ("acts", "reviews") for path in (first.folder / name).iterdir()
    ]  # fmt: skip
    plain = {to: house.plain(first.folder / to.relative_to(second.folder)) for to in copied}
    for name in ("acts", "reviews"):
        shutil.copytree(first.folder / name, second.folder / name, dirs_exist_ok=True)
    # Each file is sealed for its own turn; whoever has the keys can bind it to the other.
    refused("CW-SEAL-BROKEN", house.release, "out-2")
    for to, content in plain.items():
        house.rewrite(to, content)
    refused("CW-LEAVING-VOTES", house.release, "out-2")
    assert house.nothing_left("out-2")


def test_a_vote_that_was_counted_is_brought_again(house: OutputHouse) -> None:
    """The released turn is put back under its own name: it has left, and does not leave again."""
    found = house.approved("out-1")
    keep = house.base / "keep"
    shutil.copytree(found.folder, keep)
    house.release("out-1")
    shutil.rmtree(found.folder)
    shutil.copytree(keep, found.folder)
    assert house.release("out-1").now is False
    assert len(house.events("output.released")) == 1


def test_one_person_twice(naive: Naive, house: OutputHouse) -> None:
    naive.votes += [("out-1", "ada", "approve"), ("out-1", "ada", "approve")]
    naive.release("out-1")
    assert naive.left

    house.submitted()
    for _ in range(2):
        slip_in(house, *vote_of(house, "ada"), heard=True)
    refused("CW-LEAVING-VOTES", house.release)
    assert house.nothing_left()


def test_somebody_of_the_project_judges(naive: Naive, house: OutputHouse) -> None:
    naive.votes += [("out-1", "ada", "approve"), ("out-1", "iris", "approve")]
    naive.release("out-1")
    assert naive.left

    house.submitted()
    slip_in(house, *vote_of(house, "ada"), heard=True)
    slip_in(house, *vote_of(house, "iris"), heard=True)
    refused("CW-LEAVING-VOTES", house.release)
    assert house.nothing_left()


def test_the_author_judges(house: OutputHouse) -> None:
    """iris holds both roles: she submits, and signs a vote as a person who checks outputs."""
    house.submitted()
    manifest = house.store.read("out-1").manifest
    act = house.act("amira", "submit_output", "submit", manifest.digest(), "out-1")
    other = act.model_copy(update={"actor": "iris"})
    refused("CW-ACT-ROLE", slip_in, house, house.sign(other), house.review(manifest), heard=True)
    review = house.review(manifest)
    for role in ("output_checker", "applicant"):
        made = house.act("iris", "review_output", "approve", review.manifest, "out-1",
                         content=review.digest())  # fmt: skip
        wrong = made.model_copy(update={"actor": "amira", "role": role})
        signed = house.sign(wrong)
        error = refused_any(lambda signed=signed: slip_in(house, signed, review, heard=True))
        assert error in ("CW-ACT-RULE", "CW-ACT-ROLE")
    house.vote("ada")
    refused("CW-LEAVING-VOTES", house.release)


def refused_any(what: object) -> str:
    from commonweal.foundation.errors import CommonwealError

    with pytest.raises(CommonwealError) as caught:
        what()  # type: ignore[operator]
    return caught.value.code


def test_a_key_that_is_not_the_persons(house: OutputHouse) -> None:
    house.submitted()
    review = house.review(house.store.read("out-1").manifest)
    act = house.act("ben", "review_output", "approve", review.manifest, "out-1",
                    content=review.digest())  # fmt: skip
    for key in ("manager", "ada", "permit-signer"):
        signed = house.sign(act, key)
        refused("CW-ACT-CREDENTIAL", slip_in, house, signed, review, heard=True)
    assert house.nothing_left()


def test_a_file_that_is_changed_after_people_looked(naive: Naive, house: OutputHouse) -> None:
    naive.votes += [("out-1", "ada", "approve"), ("out-1", "ben", "approve")]
    naive.files["out-1"] = b"every patient"
    naive.release("out-1")
    assert naive.left == [("out-1", b"every patient")]

    found = house.approved()
    path = found.files / "stays.csv"
    house.rewrite(path, b"every patient")
    refused("CW-LEAVING-FILE", house.release)
    # The manifest is made to fit: then it is not what anybody signed.
    again = copied_manifest(house, path)
    house.rewrite(found.folder / "manifest.json", json.dumps(again).encode())
    refused("CW-LEAVING-STATE", house.release)
    assert house.nothing_left()


def copied_manifest(house: OutputHouse, path: Path) -> dict[str, object]:
    import hashlib

    manifest = house.store.read("out-1").manifest.plain()
    content = house.plain(path)
    manifest["files"][1] |= {
        "sha256": f"sha256:{hashlib.sha256(content).hexdigest()}", "bytes": len(content)
    }  # fmt: skip
    return manifest


def test_a_manifest_that_is_made_to_fit_before_anybody_noticed(house: OutputHouse) -> None:
    found = house.approved()
    path = found.files / "stays.csv"
    house.rewrite(path, b"every patient")
    again = copied_manifest(house, path)
    house.rewrite(found.folder / "manifest.json", json.dumps(again).encode())
    refused("CW-LEAVING-STATE", house.release)
    assert house.nothing_left()


def test_a_ledger_that_is_set_back(naive: Naive, house: OutputHouse) -> None:
    """A recall is undone by an older copy of the database; the links would work again."""
    naive.votes += [("out-1", "ada", "approve"), ("out-1", "ben", "approve")]
    naive.release("out-1")
    older = set(naive.recalled)
    naive.recalled.add("out-1")
    naive.recalled = older
    assert naive.download("out-1") == b"safe"

    house.approved()
    house.release()
    database = house.custody.home.ledger_database
    house.close()
    kept = {p.name: p.read_bytes() for p in database.parent.glob(database.name + "*")}
    house.recall()
    house.close()
    for path in database.parent.glob(database.name + "*"):
        path.unlink()
    for name, content in kept.items():
        (database.parent / name).write_bytes(content)
    refused("CW-LEDGER-REWOUND", house.download)
    refused("CW-LEDGER-REWOUND", house.release)
    assert not (house.base / "given").exists()


def test_a_permit_that_is_revoked_in_between(naive: Naive, house: OutputHouse) -> None:
    naive.votes += [("out-1", "ada", "approve"), ("out-1", "ben", "approve")]
    naive.permit = "revoked"
    naive.release("out-1")
    assert naive.left

    house.approved()
    house.stop("revoke")
    refused("CW-PERMIT-NOT-LIVE", house.release)
    assert house.nothing_left()


def test_two_that_leave_at_once_and_tell_together(naive: Naive, house: OutputHouse) -> None:
    """Each was audited when the other had not left; the difference is three people."""
    naive.submit("out-2", b"safe alone")
    for output in ("out-1", "out-2"):
        naive.votes += [(output, "ada", "approve"), (output, "ben", "approve")]
        naive.release(output)
    assert len(naive.left) == 2

    house.approved("out-1", counts("first"))
    house.people = patients(without=(0, 3, 6))
    house.approved("out-2", counts("second", snapshot="s2"))
    house.release("out-1")
    refused("CW-AUDIT-STALE", house.release, "out-2")
    assert house.nothing_left("out-2")


# --- a key that does not count yet: judged without a home ---------------------------------------


def test_a_key_that_counts_only_later() -> None:
    """A roster was adopted that waits; its new key signs a vote already."""
    found = Findings.read(output_papers.findings(), "The findings")
    manifest = OutputManifest.read(output_papers.manifest(findings=found.digest()), "M")
    assert manifest.findings != H(5)
    at = factories.NOW + timedelta(hours=2)
    checkers = {"ada": "Ada Checks", "ben": "Ben Looks"}

    def entry(id_: str, key: str) -> dict[str, object]:
        return {"id": id_, "name": checkers[id_], "organisation": "Wharfedale Hospital",
                "roles": [{"role": "output_checker", "from": "2024-01-01"}],
                "credentials": [people.software("chair", id=key)
                                | {"public_key": public(key)}]}  # fmt: skip

    def public(key: str) -> str:
        from commonweal.papers.trust import encode_public

        return encode_public(factories.signer(key).private.public_key())

    def roster(version: int, ben: str, **more: object) -> Roster:
        usual = people.roster_data(version=version, **more)["people"]
        plain = people.roster_data(
            version=version, people=[*usual, entry("ada", "key-of-ada"), entry("ben", ben)], **more
        )
        return Roster.read(plain, "The roster")

    first = roster(1, "key-of-ben")
    second = roster(2, "new-key", previous=first.digest())
    early = factories.NOW - timedelta(days=30)

    def judged(effective: timedelta) -> str:
        history = RosterHistory((
            RosterVersion(first, early, early, entry=1),
            RosterVersion(second, factories.NOW, factories.NOW + effective, entry=2),
        ))  # fmt: skip
        review = OutputReview.read(
            output_papers.review(manifest=manifest.digest(), findings=manifest.findings), "R"
        )
        signed = [
            people.signed("applies", "submit_output", "submit", manifest.digest(), at, subject="out-1"),
            *(
                people.signed(
                    "applies", "review_output", "approve", manifest.digest(), at, key=key,
                    subject="out-1", actor=who, role="output_checker", content=review.digest(),
                )
                for who, key in (("ada", "key-of-ada"), ("ben", "new-key"))
            ),
        ]  # fmt: skip
        records = ActRecords.of(
            RecordedAct(
                one.act.id, one.digest(), one.act.kind, one.act.verdict, one.act.actor, "out-1",
                one.act.object_digest, one.evidence.credential, 0, Heard(at, 10 + n),
            )
            for n, one in enumerate(signed)
        )  # fmt: skip
        case = OutputCase(manifest, found, signed, {review.digest(): review}, ["applies"])
        return judge_output(
            case, history, factories.trust(), at, home=people.HOME, records=records
        ).decision.outcome  # fmt: skip

    assert judged(timedelta(0)) == "approved"
    refused("CW-ACT-CREDENTIAL", judged, timedelta(days=3))
