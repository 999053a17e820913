"""The release builder: from permitted variables of the source to a sealed, measured release.

`recipe` says what is needed, `loading` reads it, `people` decides who is in it, `shaping` makes
the forms, `measuring` asks the risk gate, `writing` seals, `build` does all of it or nothing.
"""
