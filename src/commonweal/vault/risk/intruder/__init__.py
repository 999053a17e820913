"""The motivated intruder: somebody who knows things about people looks for them in a release.

`attackers` says what each kind of attacker knows; `puzzle` is what lies before them, in numbers;
`linking` looks for people in two ways, `guessing` makes the attacks of Anonymeter, each beside a
control group; `scoring` counts what was right and wrong. Totals come out, never a match (S15).
"""
