"""Names of tables and variables in addresses: whatever a source calls them, the address works.

A source may use a slash, a dot alone or what looks like a step up; browsers and servers would read
those as parts of a path. `~` and two hexadecimal digits stand for such bytes.
"""

from __future__ import annotations

import re

_AWAY = re.compile(r"[/~\\%]|^\.|[\x00-\x1f\x7f]")
_BACK = re.compile(r"~([0-9A-F]{2})")


class NameConverter:
    """Django's converter `name`."""

    regex = r"[^/]{1,400}"

    def to_python(self, value: str) -> str:
        """The name that an address holds."""
        return _BACK.sub(lambda found: chr(int(found[1], 16)), value)

    def to_url(self, value: str) -> str:
        """The name as an address holds it."""
        return _AWAY.sub(lambda found: f"~{ord(found[0]):02X}", value)
