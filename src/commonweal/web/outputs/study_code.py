"""The code that reviewers of an output read: exactly the study whose hash they sign, or none of it.

The airlock's worker tells of every file of a study its hash, and its text where a page can show it.
A page believes neither the row nor the shelf: the texts are held to the hashes, and all the hashes
together to the study's, which stands in the signed manifest as it stood in the order that ran.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commonweal.foundation.errors import Fault, Unavailable
from commonweal.papers.output_manifest import OutputManifest
from commonweal.papers.study import tree_hash
from commonweal.web.outputs.models import Output, ReviewPapers


@dataclass(frozen=True)
class StudyCode:
    """`texts`: files by their path, those that a page shows. `unseen`: the paths of all others.

    Both are empty where no study made it, or where the study is not on the shelf any more.
    """

    texts: Mapping[str, str]
    unseen: tuple[str, ...]

    @property
    def is_here(self) -> bool:
        """Whether there is a study at all."""
        return bool(self.texts or self.unseen)


def is_of(code: Any, study: str | None) -> bool:
    """Whether what was told of a study's files is the study of this hash, or nothing was told."""
    if not code:
        return isinstance(code, dict)
    try:
        hashes = [(str(path), str(one["sha256"])) for path, one in code.items()]
        texts = [(one["sha256"], one["text"]) for one in code.values()]
    except (AttributeError, KeyError, TypeError):
        return False
    same = all(
        text is None or f"sha256:{hashlib.sha256(str(text).encode()).hexdigest()}" == said
        for said, text in texts
    )
    return same and study is not None and hmac.compare_digest(tree_hash(hashes), study)


def study_code(papers: ReviewPapers, manifest: OutputManifest) -> StudyCode:
    """The code of a turn, held to the manifest that people sign.

    Raises `Fault` CW-LEAVING-CODE where it is not the study that the manifest names.
    """
    code = papers.code
    if not is_of(code, manifest.study):
        raise Fault(
            "CW-LEAVING-CODE",
            "The code that is here is not the study that made this output, so none of it is shown "
            "and nobody can approve the output.",
            remedy="Somebody changed it in the database or on the shelf of studies; ask for help.",
        )
    texts = {path: str(one["text"]) for path, one in code.items() if one["text"] is not None}
    return StudyCode(texts, tuple(sorted(set(code) - set(texts))))


def require_code(row: Output) -> None:
    """Refuse an approval whose code no reviewer can have read as it ran.

    Raises `Fault` CW-LEAVING-CODE; `Unavailable` CW-LEAVING-PAPERS where the papers of this turn
    are not here: after a start of the service they are told within a minute.
    """
    papers = ReviewPapers.objects.select_related("output").filter(output=row, turn=row.turn).first()
    if papers is None or papers.manifest is None:
        raise Unavailable(
            "CW-LEAVING-PAPERS",
            "What was found is not here yet, so no approval is taken. Look again in a minute.",
        )
    manifest = OutputManifest.read(papers.manifest, "The output manifest", "CW-WEB-VERSION")
    if manifest.digest() != row.digest:
        raise Fault("CW-WEB-VERSION", "This output was changed in the database; ask for help.")
    study_code(papers, manifest)
