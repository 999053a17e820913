"""Our own forms, as YAML beside this file, and those a hospital puts in their place."""

from commonweal.governance.forms.library.shelf import Library, our_library

__all__ = ["Library", "our_library"]
