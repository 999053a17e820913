"""Counts with noise as they are put forward: the answer that the ledger holds, and nothing else.

Nothing is drawn here. Drawing again for the way out would be a second answer to one question.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from commonweal.airlock.leaving.freezing import Draft, Frozen, freeze
from commonweal.airlock.leaving.releasing import whole_history
from commonweal.airlock.noise.answering import Desk
from commonweal.airlock.noise.beside import exact_beside
from commonweal.airlock.noise.budget import Standing, people_standing_of, standing_of
from commonweal.airlock.noise.leaving import gather_noisy
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.session import Session
from commonweal.foundation.errors import Refused
from commonweal.papers.noise import NoisyAnswer, NoisyRequest
from commonweal.papers.output_manifest import Origin, RulesUsed
from commonweal.vault.custody import Custody, find_permit, load_permit
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.vault.release.lending import MEMORY
from commonweal.vault.release.store import read_manifest
from commonweal.wiring.loans import Opened, unsealed
from commonweal.wiring.outputs import resumed

FOLDER = ("airlock", "noise")


def noise_desk(custody: Custody) -> Desk:
    """Where the noisy answers of a home are."""
    return Desk(custody.ledger, custody.home.path.joinpath(*FOLDER), custody.clock)


@dataclass(frozen=True)
class NoisyAsked:
    """What an author asks: the question, the release it was answered on, and words as for any
    output. `profile`: the file of the permit's profile, where it is the custodian's own."""

    request: NoisyRequest
    release: Path
    output: str
    title: str
    context: str
    controls: str
    author: str
    profile: str | None = None


@dataclass(frozen=True)
class _Held:
    """What the home says of it."""

    answer: NoisyAnswer
    budgets: tuple[Standing, Standing]
    limits: RuleProfile


def freeze_noisy(opened: Opened, asked: NoisyAsked, memory: Path = MEMORY) -> Frozen:
    """Freeze an answer that was drawn before, with what stands beside it, for its author to sign.

    Raises `Refused` CW-NOISE-UNANSWERED, CW-LEAVING-AUTHOR, CW-LEAVING-KNOWN, `Fault`
    CW-NOISE-BROKEN; what lending, counting, reading the history and `freeze` raise.
    """
    with opened() as custody:
        store = resumed(custody)
        held = _held(custody, asked)
        history = whole_history(store, OutputGround(custody))
    with unsealed(opened, asked.release, memory) as lent:
        with Session.over(lent.release) as session:
            beside = exact_beside(
                asked.request, session, lent.audit_map, history, held.limits.threshold
            )
        work = lent.folder.parent / "noisy"
        work.mkdir(mode=0o700)
        gathered = gather_noisy(held.answer, beside, held.budgets, held.limits, work)
        answer, limits = held.answer, held.limits
        draft = Draft(
            id=asked.output, title=asked.title, author=asked.author, permit=answer.permit_id,
            release=answer.release, release_hash=lent.manifest.digest(), context=asked.context,
            controls=asked.controls, sources=gathered.sources, found=gathered.found,
            profile=RulesUsed(
                name=limits.name, version=str(limits.version), hash=limits.digest()
            ),
            origin=Origin(
                kind="noise", of=answer.request.name, made_from=answer.digest(), spend=answer.spend
            ),
        )  # fmt: skip
        with opened() as custody:
            return freeze(store, OutputGround(custody), draft)


def _held(custody: Custody, asked: NoisyAsked) -> _Held:
    manifest = read_manifest(custody.home.releases, asked.release, custody.belief)
    permit = load_permit(custody, find_permit(custody, manifest.permit_id))
    if asked.author not in {one.id for one in permit.people}:
        raise Refused("CW-LEAVING-AUTHOR", "The permit does not name the author of this output.")
    project = permit.project.id
    answer = noise_desk(custody).kept(asked.request, permit.id, project, manifest.release)
    if answer is None:
        raise Refused(
            "CW-NOISE-UNANSWERED",
            "This question was not answered with noise on this release.",
            remedy="Have it counted first: `commonweal noise count`.",
        )
    budgets = (
        standing_of(custody.ledger, project),
        people_standing_of(custody.ledger, permit.dataset.dataset),
    )
    return _Held(answer, budgets, RuleProfile.of_permit(permit.outputs, asked.profile))
