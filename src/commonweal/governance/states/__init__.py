"""The states of everything that people decide, each machine one module of data.

`registry.MACHINES` names them all; the page `docs/reference/states.md` is made from them.
"""
