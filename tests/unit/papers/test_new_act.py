"""An act that is about to be signed is held to the table of acts before anybody sees it."""

from __future__ import annotations

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.acts import new_act
from tests import factories


def test_it_needs_a_word_that_is_known() -> None:
    with pytest.raises(CommonwealError, match="CW-ACT-RULE"):
        new_act(kind="vote", verdict="maybe", actor="lena", role="committee_lay", subject="a",
                object_digest="sha256:" + "a" * 64, home="h", at=factories.NOW,
                content="sha256:" + "b" * 64)  # fmt: skip
