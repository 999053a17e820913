"""Models that ask to leave: read in the sandbox, looked at in parts, and attacked.

The way in is `examining.examine`. What runs inside of the sandbox lies in `inside/`, which imports
nothing of ours but itself.
"""
