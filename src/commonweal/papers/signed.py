"""A paper that travels signed: how it is signed, and what is asked when it is opened.

Each kind of signed paper says its media type (the `typ` of its signatures) and which role of the
trust policy may sign it. Opening asks that the content is in its one full form.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.papers.base import Paper, PaperInvalid
from commonweal.papers.signing import Signer, Trust, open_signed, sign_paper, unverified
from commonweal.papers.trust import SigningRole

P = TypeVar("P", bound=Paper)

SIGNING_SPREAD = timedelta(days=1)
"""How long before the time a paper gives for itself a signature on it may have been made."""


class SignedPaper(Paper):
    """A paper with a media type and a role that signs it."""

    paper_type: ClassVar[str]
    signing_role: ClassVar[SigningRole]
    called: ClassVar[str]
    """How sentences name it, such as "The release manifest"."""
    code: ClassVar[str] = "CW-PAPER-INVALID"

    @property
    def made_at(self) -> datetime:
        """The time that the paper gives for itself."""
        raise NotImplementedError

    def signed(self, signers: Sequence[Signer], at: datetime) -> str:
        """The paper signed by `signers` at `at`, as text. Raises CW-SIGNATURE-INVALID."""
        return sign_paper(self.paper_type, self.plain(), signers, at)

    @classmethod
    def load(cls, text: str | bytes, trust: Trust) -> Self:
        """The paper in a signed text. One changed byte is a fault.

        Raises `Fault` CW-SIGNATURE-INVALID, CW-SIGNATURE-UNTRUSTED, or the paper's own code.
        """
        # What the paper says of itself is believed by nobody yet; it only finds its entry.
        plain = None
        with contextlib.suppress(CommonwealError):
            plain = unverified(text, cls.called)
        trust = trust.about(cls.paper_type, plain)
        opened = open_signed(text, cls.paper_type, cls.signing_role, trust, cls.called)
        paper = read_whole(cls, opened.plain, cls.called, cls.code)
        check_times(opened.signed_by, paper.made_at, cls.called)
        trust.require(cls.signing_role, dict.fromkeys(opened.signed_by, paper.made_at), cls.called)
        return paper


def read_whole(cls: type[P], plain: Any, called: str, code: str) -> P:
    """The paper that `plain` is, if it is the paper's full form: nothing left out or respelt."""
    paper = cls.read(plain, called, code)
    if paper.canonical() != canonical(plain):
        raise PaperInvalid(code, f"{called} is not in its full form.")
    return paper


def check_times(signed_by: Mapping[str, datetime], made_at: datetime, called: str) -> None:
    """Refuse signatures made after the paper's own time, or long before it.

    A key that has run out could otherwise sign today under an old time. Raises `Fault`
    CW-SIGNATURE-INVALID.
    """
    for at in signed_by.values():
        if not made_at - SIGNING_SPREAD <= at <= made_at:
            raise Fault(
                "CW-SIGNATURE-INVALID",
                f"{called} is not validly signed: the time of a signature does not fit its own.",
            )
