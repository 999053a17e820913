"""The dossier: what travels from the web to the signer, and what the signer checks itself (S11).

The signer believes no row of a database. It reads every part of a decision, every act that people
signed, what the ledger heard and the roster, decides again by the published rules, and compiles the
permit again. Only if all of it agrees to the last byte is a permit signed.
"""

from commonweal.governance.dossier.checking import Judged, check_dossier, judge_dossier
from commonweal.governance.dossier.paper import Dossier
from commonweal.governance.dossier.rulebook import Rulebook
from commonweal.governance.dossier.steps import check_step_acts

__all__ = ["Dossier", "Judged", "Rulebook", "check_dossier", "check_step_acts", "judge_dossier"]
