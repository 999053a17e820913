"""What a study asked of the machine, in one line for whoever checks what it left.

It is read off the study's own declaration, as the page shows it among the code. Who judges an
output has to know that it was made with devices for calculations or over days: such code is harder
to run again, and what it kept between its attempts was part of what made the output.
"""

from __future__ import annotations

from collections.abc import Mapping

from commonweal.foundation.documents import parse_yaml
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.study import NAME, StudyDeclaration

UNREAD = "Its declaration (study.yaml) cannot be read here, so this page does not know."
_DAY, _HOUR = 24 * 60, 60


def machine_asked(code: Mapping[str, str]) -> str:
    """The sentence, from the files of the study's code; `UNREAD` where the declaration is not one.

    What it holds is text of a researcher: nothing of it but numbers and switches is repeated.
    """
    text = code.get(NAME)
    if text is None:
        return UNREAD
    try:
        said = StudyDeclaration.read(parse_yaml(text, "The declaration"), "The declaration")
    except CommonwealError:
        return UNREAD
    limits = said.limits
    parts = [
        f"Up to {clock_words(limits.minutes)} by the clock",
        f"{limits.memory_gb:,} GiB of memory",
        f"{limits.outputs_mb:,} MiB of outputs",
    ]
    gpu = "A device for calculations (GPU)." if said.gpu else "No device for calculations (GPU)."
    kept = "Nothing is kept between its attempts."
    if said.checkpoints:
        room = limits.checkpoints_mb
        most = "Some room" if room is None else f"Up to {room:,} MiB"
        kept = f"{most} for what it keeps for a next attempt (checkpoints)."
    return f"{', '.join(parts)}. {gpu} {kept}"


def clock_words(minutes: int) -> str:
    """A time in days, hours and minutes, without those that are nothing."""
    days, rest = divmod(minutes, _DAY)
    hours, left = divmod(rest, _HOUR)
    named = ((days, "day"), (hours, "hour"), (left, "minute"))
    said = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in named if count]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
