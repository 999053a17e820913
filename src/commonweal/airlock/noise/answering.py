"""One noisy answer for one question: paid for, drawn, kept, and given again when asked again.

In this order: 1. what was answered before is given again, for nothing. 2. The mechanism and the
true counts are made; nothing is told of them. 3. The spend is durable on the ledger. 4. Noise is
drawn. 5. The answer is written, then the ledger commits to it. 6. It is given. Cut off after 3, the
spend is lost and the question must be paid for again: nobody can know whether somebody saw the
first draw.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from commonweal.airlock.noise.budget import Asker, drawn, spend, tell_drawn
from commonweal.airlock.noise.counting import true_counts
from commonweal.airlock.noise.mechanism import Mechanism, mechanism
from commonweal.airlock.session import Session
from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.clock import Clock, stamp
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import (
    make_private_folder,
    only_one,
    read_bytes,
    translated,
    write_atomic,
)
from commonweal.ledger.details import commitment, verify_commitment
from commonweal.ledger.store import Ledger
from commonweal.papers.noise import NoisyAnswer, NoisyRequest

_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Desk:
    """Where noisy answers are made. folder: the airlock's own, private; it keeps the answers."""

    ledger: Ledger
    folder: Path
    clock: Clock

    def answer(
        self, request: NoisyRequest, permit: str, project: str, dataset: str, session: Session
    ) -> NoisyAnswer:
        """The noisy counts of a request, drawn now or given again. `dataset`: whose people.

        Raises `Refused` CW-NOISE-BUDGET, CW-NOISE-PEOPLE, CW-PERMIT-NOT-LIVE, CW-OUTPUT-COLUMN,
        CW-OUTPUT-NOBODY; `Unavailable` CW-NOISE-MISSING; `Fault` CW-NOISE-BROKEN, CW-NOISE-SCALE,
        CW-OUTPUT-RELEASE.
        Only the last hangs on data, and it says that the release is not what it was.
        """
        make_private_folder(self.folder)
        with only_one(self.folder / "one-at-a-time", "the noisy counts"):
            release = session.release.release
            kept = self.kept(request, permit, project, release)
            if kept is not None:
                return kept
            drawing = mechanism(request)
            counts = true_counts(request, session)
            paid = spend(self.ledger, Asker(permit, project, dataset, release), request)
            plain = _plain(drawing, [int(one) for one in counts], request)
            return self._keep(
                NoisyAnswer.read(
                    {
                        "answer": 1,
                        "request": request.plain(),
                        "permit_id": permit,
                        "project": project,
                        "release": release,
                        "spend": paid,
                        "within": drawing.within,
                        "counts": plain,
                        "drawn_at": stamp(self.clock.now()),
                    },
                    "The noisy answer",
                    "CW-NOISE-INVALID",
                )
            )

    def _place(self, request: NoisyRequest, release: str) -> Path:
        return self.folder / f"{request.key(release).removeprefix('sha256:')}.json"

    def _keep(self, answer: NoisyAnswer) -> NoisyAnswer:
        salt = secrets.token_bytes(32)
        content = canonical({"salt": salt.hex(), "answer": answer.plain()})
        write_atomic(self._place(answer.request, answer.release), content, exclusive=True)
        tell_drawn(self.ledger, answer, commitment(salt, answer.canonical()))
        return answer

    def kept(
        self, request: NoisyRequest, permit: str, project: str, release: str
    ) -> NoisyAnswer | None:
        """The answer that was given before, as the ledger commits to it; None if there is none.

        Raises `Fault` CW-NOISE-BROKEN for another answer than that of the ledger.
        """
        place = self._place(request, release)
        if not place.is_file():
            return None
        content = read_bytes(place, "The noisy answer", limit=_MOST_BYTES)
        try:
            plain = parse_json(content, "The noisy answer")
            answer = NoisyAnswer.read(plain["answer"], "The noisy answer", "CW-NOISE-INVALID")
            salt = bytes.fromhex(plain["salt"])
        except (CommonwealError, KeyError, TypeError, ValueError) as error:
            raise _broken() from error
        told = drawn(self.ledger, answer.spend)
        if told is None:  # cut off before the ledger knew of it: nobody was given it
            with translated("the noisy answer"):
                place.unlink()
            return None
        try:
            verify_commitment(salt, answer.canonical(), told["answer"])
        except (CommonwealError, ValueError) as error:
            raise _broken() from error
        theirs = (answer.request, answer.permit_id, answer.project, answer.release)
        if theirs != (request, permit, project, release):
            raise _broken()
        return answer


def _plain(drawing: Mechanism, counts: list[int], request: NoisyRequest) -> list[dict[str, object]]:
    noisy = drawing.draw(counts)
    # What is done to a drawn number tells nothing more of anybody; below nothing makes no sense.
    return [
        {"name": cell.name, "people": max(0, one)}
        for cell, one in zip(request.cells, noisy, strict=True)
    ]


def _broken() -> Fault:
    return Fault(
        "CW-NOISE-BROKEN",
        "A noisy answer is not the one that the ledger holds.",
        remedy="Restore a backup; drawing anew would have to be paid for.",
    )
