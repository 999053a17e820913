"""Files that a study made and that ask to leave: read in the sandbox, judged, written anew (S18).

`looking.look` is the one function for others. `parsers/` is what runs inside the sandbox; it
imports nothing of ours but itself. What leaves is never the file that was handed in: it is written
by `writing` from values that a parser told and that were checked.
"""
