"""How hard a text is to read: advice, never a gate (P12, domain reference 10.2).

Two measures of school grade (Flesch-Kincaid, with syllables counted as groups of vowels, and the
Automated Readability Index, which needs none), long sentences, and words that the public does not
know. The list of words is data with a version and a source (`readability_words.yaml`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from commonweal.foundation.documents import parse_yaml
from commonweal.foundation.errors import Fault

LONG_SENTENCE = 20
"""NHS writing: a sentence has at most 20 words."""
AGE_OF_GRADE = 5
"""A reader in school grade n is about n + 5 years old."""
AIM_AGE, WORST_AGE = 11, 14

_SENTENCE = re.compile(r"(?<=[.!?:])[\"')\u2019\u201d]*\s+|\n\s*\n|\n(?=\s*[-*\u2022])")
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_ABBREVIATIONS = re.compile(r"\b(e\.g|i\.e|etc|Dr|Mr|Mrs|Ms|Prof|No|vs|Art)\.(?=\s)", re.IGNORECASE)


@dataclass(frozen=True)
class Readability:
    """Figures of one text. `grade` (Flesch-Kincaid) and `ari` are school grades, 0 for no words;
    `hard` are words that few people know, each with what to say instead."""

    sentences: int
    words: int
    syllables: int
    grade: float
    ari: float
    longest: int
    long_sentences: tuple[int, ...]
    hard: tuple[tuple[str, str], ...]

    @property
    def reading_age(self) -> float:
        """About how old a reader is who reads this with ease."""
        return self.grade + AGE_OF_GRADE if self.words else 0.0


def measure(text: str) -> Readability:
    """The figures of a text. `long_sentences` counts from 1."""
    parts = sentences(text)
    counts = [len(words(part)) for part in parts]
    every = [word for part in parts for word in words(part)]
    total, spoken = len(every), sum(syllables(word) for word in every)
    letters = sum(char.isalnum() for word in every for char in word)
    grade = ari = 0.0
    if total:
        by_sentence = total / len(parts)
        grade = 0.39 * by_sentence + 11.8 * spoken / total - 15.59
        ari = 4.71 * letters / total + 0.5 * by_sentence - 21.43
    return Readability(
        sentences=len(parts),
        words=total,
        syllables=spoken,
        grade=round(grade, 1),
        ari=round(ari, 1),
        longest=max(counts, default=0),
        long_sentences=tuple(n for n, count in enumerate(counts, 1) if count > LONG_SENTENCE),
        hard=hard_words(text),
    )


def advice(text: str) -> tuple[str, ...]:
    """Sentences of advice about a text that everybody may read; none if it reads well."""
    found = measure(text)
    said = []
    if found.long_sentences:
        which = ", ".join(str(number) for number in found.long_sentences[:5])
        plural = len(found.long_sentences) > 1
        said.append(
            f"Sentence{'s' if plural else ''} {which} {'have' if plural else 'has'} more than "
            f"{LONG_SENTENCE} words. Try to make two of it."
        )
    if found.words >= 30 and found.reading_age > WORST_AGE:
        said.append(
            f"This may be hard to read: about age {round(found.reading_age)} and over. Aim for "
            f"age {AIM_AGE}."
        )
    said += [f'Few people know the word "{word}": say {instead}.' for word, instead in found.hard]
    return tuple(said)


def sentences(text: str) -> list[str]:
    """The sentences of a text; a line of a list and a heading count as one each."""
    whole = _ABBREVIATIONS.sub(lambda match: match[1].replace(".", ""), text)
    return [part for part in (p.strip() for p in _SENTENCE.split(whole)) if words(part)]


def words(text: str) -> list[str]:
    """The words of a text: runs of letters and digits, with their hyphens and apostrophes."""
    return _WORD.findall(text)


def syllables(word: str) -> int:
    """About how many syllables a word has: groups of vowels, less a silent e at its end."""
    folded = unicodedata.normalize("NFKD", word.lower())
    parts = [re.sub(r"[^a-z]", "", part) for part in folded.split("-")]
    return max(1, sum(_in_part(part) for part in parts if part))


def _in_part(bare: str) -> int:
    groups = len(re.findall(r"[aeiouy]+", bare))
    silent = bare.endswith("e") and not bare.endswith(("le", "ee", "ye", "oe"))
    past = bare.endswith("ed") and not bare.endswith(("ted", "ded", "eed"))
    plural = bare.endswith("es") and not bare.endswith(("ses", "ces", "zes", "xes", "ges", "les"))
    return max(1, groups - (silent or past or plural))


def hard_words(text: str) -> tuple[tuple[str, str], ...]:
    """The words of the list that a text has, in the order of the list, with what to say."""
    flat = " ".join(text.split())
    return tuple(
        (word, instead) for word, instead in listed_words().items() if _pattern(word).search(flat)
    )


@cache
def listed_words() -> Mapping[str, str]:
    """Words that the public does not know, each with what to say instead."""
    name = "readability_words.yaml"
    text = resources.files("commonweal.governance").joinpath(name).read_bytes()
    data = parse_yaml(text, "The list of words")
    rows = data.get("words") if isinstance(data, dict) else None
    if not isinstance(rows, dict) or not all(isinstance(say, str) for say in rows.values()):
        raise Fault("CW-PAPER-INVALID", "The list of words is not words with what to say instead.")
    return dict(rows)


@cache
def _pattern(word: str) -> re.Pattern[str]:
    # A word in small letters is found in any case and in the plural; "k" is a letter of its own.
    if len(word) == 1:
        return re.compile(rf"(?<![\w'\u2019-]){re.escape(word)}(?![\w'\u2019-])")
    return re.compile(rf"\b{re.escape(word)}(?:s|es)?\b", re.IGNORECASE)
