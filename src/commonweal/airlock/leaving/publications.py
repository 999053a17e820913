"""Publications made elsewhere, brought into a home's history: sealed, and told to the ledger.

The file comes first and the entry after it. Cut off in between, the figures are compared already,
and the same import once more only writes the entry.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from commonweal.airlock.audit.history import Pin, read_place
from commonweal.airlock.audit.importing import import_publication
from commonweal.airlock.audit.manifest import OutputHistory
from commonweal.airlock.leaving.ports import Ground
from commonweal.airlock.leaving.releasing import recover
from commonweal.airlock.leaving.store import OutputStore
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import only_one
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event

EVENT = "publication.imported"
_MANAGER = Actor("data_manager", "command-line")


def bring_publication(
    store: OutputStore, ground: Ground, figures: Path, about: Path
) -> OutputHistory:
    """Write a publication into the home's history, and the ledger's entry of it.

    Raises what `import_publication` raises; `Fault` CW-AUDIT-IMPORT where an output of this home
    has its name, CW-FILE-EXISTS where another publication has.
    """
    store.make()
    with only_one(store.lock, "the outputs"), tempfile.TemporaryDirectory() as work:
        ground.settle()
        recover(store, ground)
        # Its figures are public: it is made as a whole before anything in the home changes.
        made = import_publication(figures, about, Path(work))
        pin = read_place(Path(work) / made.output, "CW-AUDIT-IMPORT").pin
        if store.turns(made.output) or any(one.output == made.output for one in ground.written()):
            raise Fault("CW-AUDIT-IMPORT", "An output of this home has the publication's name.")
        known = ground.publications().get(made.output)
        if (store.history / made.output).exists():
            there = read_place(store.history / made.output, "CW-AUDIT-HISTORY", store.kept).pin
            if known is not None or there != pin:
                raise Fault("CW-FILE-EXISTS", f"{made.output} is already there.")
        elif known is not None and known != pin.manifest:
            raise Fault("CW-FILE-EXISTS", f"Another publication was called {made.output}.")
        else:
            import_publication(figures, about, store.history, store.keys.sealing(None))
        if known is None:
            tell(ground, pin)
        ground.settle()
    return made


def tell(ground: Ground, pin: Pin) -> int:
    """Write on the sealed log that a publication is in the history; gives the intent."""
    salt = new_salt()
    content = {"salt": salt.hex(), "manifest": pin.manifest}
    fields = {"output": pin.output, "manifest": commitment(salt, pin.manifest.encode())}
    with ground.transaction() as writing:
        return writing.append(Event(EVENT, _MANAGER, fields), ground.details(content))
