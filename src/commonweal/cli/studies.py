"""`commonweal study`: researchers' code, and made-up data to write it with."""

from __future__ import annotations

from commonweal.cli import studies_dummy
from commonweal.cli.options import group

app = group("Studies: code that comes to the data, and made-up data to write it with.")
app.command("dummy")(studies_dummy.dummy)


@app.callback()
def _study() -> None:
    """Studies: code that comes to the data, and made-up data to write it with."""
