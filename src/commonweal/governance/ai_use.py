"""Whether a use of data is about artificial intelligence: one answer for the whole house (P6).

The application's own check, the desk, the committee and the signer all ask here.
"""

from __future__ import annotations

from collections.abc import Collection

AI_PURPOSES = frozenset({"ai_research", "ai_train", "ai_test"})
"""Purposes of `papers.vocabulary.Purpose` for which an assessment is always needed."""
AI_PROCESSING = frozenset({"train", "federated"})
"""Kinds of work in which a model is made, wherever the data lie."""


def needs_assessment(purposes: Collection[str], processing: Collection[str] = ()) -> bool:
    """True for any purpose about AI, and for any training, federated too."""
    return bool(AI_PURPOSES & set(purposes)) or bool(AI_PROCESSING & set(processing))
