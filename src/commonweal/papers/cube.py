"""The frozen table of counts behind "are there enough patients?" (decision S5).

Before applying, a researcher wants to know roughly how many patients there are. Free questions
would tell of single people, and a refusal would be an answer too. So what can be asked is declared
once (at most three coarse dimensions), counted once a month, perturbed, and shown as bands only.
`CubeDeclaration` is what the custodian decides, `FrozenCube` what is answered from for a month.

What somebody learns who knows everything about everybody else, and asks everything, is bounded by
the declaration alone: see `CubeDeclaration.success_bound`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from commonweal.foundation.canonical import digest
from commonweal.foundation.documents import load_document
from commonweal.foundation.errors import WrongUsage
from commonweal.papers.base import (
    ColumnName,
    Identifier,
    Line,
    Moment,
    Paper,
    Sha256,
    Value,
    named_twice,
)
from commonweal.papers.forms import Form, read_form
from commonweal.papers.release.summary import SummaryChoices
from commonweal.papers.signed import SignedPaper
from commonweal.papers.trust import SigningRole

MOST_DIMENSIONS = 3
MOST_CATEGORIES = 24
LEAST_PEOPLE = 10
"""However few there are, fewer than this many people are never told from nobody at all."""
MOST_SUCCESS = Fraction(3, 5)
"""How often whoever knows all but one fact may guess that fact right; a coin: half the time."""
EDGES = tuple(step * 10**power for power in range(1, 8) for step in (1, 2, 5))[1:]
"""Where bands may begin: 20, 50, 100, 200, 500 and so on."""
_COARSE = frozenset({"year", "age_band", "truncate", "exact"})
_NARROWEST_BAND_YEARS = 5
_LONGEST_CODE = 3
ANSWERED_DAYS = 62
"""How long a cube is answered from: after two months people's choices in it are too old."""

Month = Annotated[str, StringConstraints(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
Place = Annotated[int, Field(ge=0, le=MOST_CATEGORIES - 1)]


class CubeCategory(Paper):
    """One answer of a dimension: the values, as the form shows them, that belong to it."""

    name: Identifier
    label: Line
    values: Annotated[tuple[Value, ...], Field(min_length=1, max_length=200)]

    @field_validator("values")
    @classmethod
    def _once(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(values)) < len(values):
            raise ValueError("names a value twice")
        return values


class CubeDimension(Paper):
    """One thing that can be asked about: a variable in a coarse form, and its categories.

    `at_most`: in how many categories one person is counted, at most; somebody who is in more is
    counted in those that are declared first. So rare categories are declared first.
    """

    name: Identifier
    label: Line
    table: ColumnName
    variable: ColumnName
    form: str
    at_most: Annotated[int, Field(ge=1, le=5)] = 1
    categories: Annotated[tuple[CubeCategory, ...], Field(min_length=1, max_length=MOST_CATEGORIES)]

    @field_validator("form")
    @classmethod
    def _coarse(cls, text: str) -> str:
        form = read_form(text)
        narrow = form.kind == "age_band" and form.whole(0) < _NARROWEST_BAND_YEARS
        long = form.kind == "truncate" and form.whole(0) > _LONGEST_CODE
        if form.kind not in _COARSE or narrow or long:
            raise ValueError("is not coarse enough to be counted for everybody")
        return form.text

    @model_validator(mode="after")
    def _apart(self) -> CubeDimension:
        if named_twice([one.name for one in self.categories]) is not None:
            raise ValueError("has two categories of one name")
        every = [value for one in self.categories for value in one.values]
        if self.at_most == 1 and len(set(every)) < len(every):
            raise ValueError("has a value in two categories")
        return self

    @property
    def parsed(self) -> Form:
        """The form, read."""
        return Form.parse(self.form)

    def place(self, category: str) -> int | None:
        """Where a category stands; None for one that is not declared."""
        names = [one.name for one in self.categories]
        return names.index(category) if category in names else None


class CubeDeclaration(Paper):
    """What can be asked of a dataset, and how strongly counts are perturbed.

    `spread`: to each count a whole number from -spread to spread is added, all equally likely, so
    its variance is spread (spread + 1) / 3.
    """

    cube: Literal[1]
    title: Line
    dataset: Identifier
    spread: Annotated[int, Field(ge=10, le=1000)]
    dimensions: Annotated[
        tuple[CubeDimension, ...], Field(min_length=1, max_length=MOST_DIMENSIONS)
    ]

    @model_validator(mode="after")
    def _bounded(self) -> CubeDeclaration:
        if named_twice([one.name for one in self.dimensions]) is not None:
            raise ValueError("has two dimensions of one name")
        # One fact about a person would move the figures of both, which the bound does not count.
        asked = [(one.table, one.variable) for one in self.dimensions]
        if len(set(asked)) < len(asked):
            raise ValueError("has two dimensions of one variable")
        if self.success_bound > MOST_SUCCESS:
            raise ValueError(
                f"needs a spread of at least {self.least_spread} for so many figures about a person"
            )
        return self

    @classmethod
    def load(cls, path: Path) -> CubeDeclaration:
        """Read a declaration (YAML or JSON). Raises `PaperInvalid` CW-CUBE-INVALID, file faults."""
        plain = load_document(path, "The declaration of a cube")
        return cls.read(plain, f"The declaration {path.name}", "CW-CUBE-INVALID")

    @property
    def figures_of_a_fact(self) -> int:
        """The most figures that can differ because of one fact about one person.

        The fact is that somebody is counted at all, or that they are in a category. A person stands
        in a figure if they are in each category it names; where a dimension is not named everybody
        is. Putting somebody into a category may push them out of another, where few are counted.
        """
        stands = [one.at_most + 1 for one in self.dimensions]
        facts = [2 * prod(stands[:place] + stands[place + 1 :]) for place in range(len(stands))]
        return max(prod(stands), *facts)

    @property
    def success_bound(self) -> Fraction:
        """The best chance of an attacker to guess one fact from one month's cube.

        Perturbations of different figures are drawn apart, and the ranges -spread..spread around n
        and n + 1 differ in 1 of 2 spread + 1 places. So the statistical distance of all figures
        together is at most the sum over those that can differ, and a guess between two facts that
        are equally likely is right at most (1 + distance) / 2 of the time.
        """
        distance = Fraction(self.figures_of_a_fact, 2 * self.spread + 1)
        return (1 + min(distance, Fraction(1))) / 2

    @property
    def least_spread(self) -> int:
        """The smallest spread at which the bound is kept."""
        distance = 2 * MOST_SUCCESS - 1
        needed = (self.figures_of_a_fact / distance - 1) / 2
        return max(10, -(-needed.numerator // needed.denominator))

    @property
    def edges(self) -> tuple[int, ...]:
        """Where bands begin above the lowest. However a count of fewer than ten people is
        perturbed, it stays in the lowest."""
        return tuple(edge for edge in EDGES if edge >= self.spread + LEAST_PEOPLE)

    @property
    def cells(self) -> int:
        """How many figures there are, with those that leave dimensions out."""
        return prod(len(one.categories) + 1 for one in self.dimensions)


class CubeCell(Paper):
    """One figure above the lowest band: the category in each dimension (null: not asked), and the
    place of its lower edge in `CubeDeclaration.edges`."""

    at: Annotated[tuple[Place | None, ...], Field(min_length=1, max_length=MOST_DIMENSIONS)]
    band: Annotated[int, Field(ge=0, le=len(EDGES) - 1)]


@dataclass(frozen=True)
class Answer:
    """People from `low` up to and without `high`; None: there is no upper edge. `month`: of what
    month the count is."""

    low: int
    high: int | None
    month: str

    @property
    def sentence(self) -> str:
        """The answer in words."""
        if self.high is None:
            return f"About {self.low:,} people or more."
        if self.low == 0:
            return f"Fewer than about {self.high:,} people, or nobody."
        return f"About {self.low:,} to {self.high:,} people."


class CubeTold(Paper):
    """What leaves the vault of a frozen cube: the declaration, and bands. A figure that is not
    listed is in the lowest band.

    Counts, perturbed counts and keys are in no paper. The permit's and the catalogue's hashes stay,
    since they are hashes of what is not public (S10).
    """

    told: Literal[1]
    release: Identifier
    month: Month
    permit_id: Identifier
    frozen_at: Moment
    choices: SummaryChoices
    declaration: CubeDeclaration
    cells: Annotated[tuple[CubeCell, ...], Field(max_length=(MOST_CATEGORIES + 1) ** 3)]

    @model_validator(mode="after")
    def _fits(self) -> CubeTold:
        _check_cells(self.declaration, self.cells)
        return self

    @property
    def answered_until(self) -> datetime:
        """Until when it is answered from."""
        return self.frozen_at + timedelta(days=ANSWERED_DAYS)

    def answer(self, asked: Mapping[str, str]) -> Answer:
        """The band of people who are in each category of `asked` (category by dimension).

        A category that is not declared has the answer of one in which nobody is. Raises
        `WrongUsage` CW-CUBE-QUESTION for a dimension that is not declared: that depends on the
        declaration only, which whoever asks can read.
        """
        dimensions = self.declaration.dimensions
        if not asked.keys() <= {one.name for one in dimensions}:
            names = ", ".join(one.name for one in dimensions)
            raise WrongUsage("CW-CUBE-QUESTION", f"What can be asked about is: {names}.")
        at: list[int | None] = []
        for one in dimensions:
            place = one.place(asked[one.name]) if one.name in asked else None
            if one.name in asked and place is None:
                return self._between(None)
            at.append(place)
        bands = {cell.at: cell.band for cell in self.cells}
        return self._between(bands.get(tuple(at)))

    def _between(self, band: int | None) -> Answer:
        edges = self.declaration.edges
        if band is None:
            return Answer(0, edges[0], self.month)
        high = edges[band + 1] if band + 1 < len(edges) else None
        return Answer(edges[band], high, self.month)


def _check_cells(declaration: CubeDeclaration, cells: Sequence[CubeCell]) -> None:
    sizes = [len(one.categories) for one in declaration.dimensions]
    for cell in cells:
        if len(cell.at) != len(sizes) or cell.band >= len(declaration.edges):
            raise ValueError("has a figure that the declaration does not have")
        if any(at is not None and at >= size for at, size in zip(cell.at, sizes, strict=True)):
            raise ValueError("has a figure of a category that is not declared")
    if len({cell.at for cell in cells}) < len(cells):
        raise ValueError("has a figure twice")


class FrozenCube(SignedPaper):
    """What is answered from for a month. A figure that is not listed is in the lowest band."""

    paper_type: ClassVar[str] = "commonweal-feasibility-cube+json"
    signing_role: ClassVar[SigningRole] = "manifest"
    called: ClassVar[str] = "The cube"
    code: ClassVar[str] = "CW-CUBE-INVALID"

    frozen: Literal[1]
    release: Identifier
    month: Month
    permit_id: Identifier
    permit_hash: Sha256
    catalogue_digest: Sha256
    figures: Identifier | None = None
    """The catalogue's figures (release 0) that stood when it was made."""
    frozen_at: Moment
    commonweal: Line
    choices: SummaryChoices
    declaration: CubeDeclaration
    cells: Annotated[tuple[CubeCell, ...], Field(max_length=(MOST_CATEGORIES + 1) ** 3)]

    @model_validator(mode="after")
    def _fits(self) -> FrozenCube:
        _check_cells(self.declaration, self.cells)
        return self

    @property
    def made_at(self) -> datetime:
        """When the counts were frozen."""
        return self.frozen_at

    @property
    def answered_until(self) -> datetime:
        """Until when it is answered from."""
        return self.frozen_at + timedelta(days=ANSWERED_DAYS)

    def answer(self, asked: Mapping[str, str]) -> Answer:
        """The band of people who are in each category of `asked`; see `CubeTold.answer`."""
        return self.told.answer(asked)

    @property
    def told(self) -> CubeTold:
        """What of it may leave the vault."""
        return CubeTold(
            told=1,
            release=self.release,
            month=self.month,
            permit_id=self.permit_id,
            frozen_at=self.frozen_at,
            choices=self.choices,
            declaration=self.declaration,
            cells=self.cells,
        )


def read_question(pairs: Sequence[str]) -> dict[str, str]:
    """Category by dimension of `dimension=category` texts. Raises `WrongUsage` CW-CUBE-QUESTION."""
    asked: dict[str, str] = {}
    for pair in pairs:
        name, sign, category = pair.partition("=")
        if not (sign and name and category) or name in asked:
            raise WrongUsage(
                "CW-CUBE-QUESTION",
                "A question is written dimension=category, each dimension once.",
            )
        asked[name] = category
    return asked


def cell_name(dimensions: Sequence[CubeDimension], at: Sequence[int | None]) -> str:
    """A name for what a figure counts, whatever names a declaration gives it.

    Two declarations that ask the same of the same variables mean the same figure, so that it keeps
    its answer from month to month.
    """
    meant = []
    for one, place in zip(dimensions, at, strict=True):
        if place is not None:
            values = sorted(one.categories[place].values)
            # Who is counted hangs on the earlier categories where few are counted.
            before = sorted({v for c in one.categories[:place] for v in c.values})
            meant.append([one.table, one.variable, one.form, values, one.at_most, before])
    return digest(sorted(meant, key=repr))
