"""Keys of made-up rows: whose row it is, and which row of another table it belongs to.

Inside, a key is the number of a person or row. Recorded, it is a number or text as a source would
hold it; released, it is a random code, the same wherever the catalogue links keys of one kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from commonweal.enclave.dummy.plan import Plan
from commonweal.papers.catalogue import Link, Table, Variable

if TYPE_CHECKING:
    from commonweal.enclave.dummy.making import Rows

Numbers = NDArray[np.int64]
CODE_BYTES = 16
_TEST_NUMBERS = 999_000_000
"""NHS numbers that begin with 999 are given to nobody; they are for tests."""
_WEIGHTS = np.arange(10, 1, -1)


@dataclass
class Keys:
    """The numbers behind each key column, by table and variable; -1 where there is no key."""

    plan: Plan
    rng: np.random.Generator
    _numbers: dict[tuple[str, str], Numbers] = field(default_factory=dict)
    _codes: dict[tuple[str, str], Any] = field(default_factory=dict)
    _spelt: dict[int, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, rows: Mapping[str, Rows], rng: np.random.Generator) -> Keys:
        """The keys of all rows."""
        made = cls(plan, rng)
        for table in plan.tables:
            mine = rows[table.name]
            for name in made.names(table):
                made._numbers[table.name, name] = made._keys(table, table.variable(name), mine)
        for table in plan.tables:
            for name in made.names(table):
                made._link(table, table.variable(name), rows)
        return made

    def names(self, table: Table) -> list[str]:
        """The key columns of a table, in the catalogue's order."""
        keys = self.plan.keys_of(table)
        return [one.name for one in table.variables if one.name in keys]

    def _keys(self, table: Table, variable: Variable, rows: Rows) -> Numbers:
        """The key as it is before links to other tables are looked at: a row's own number."""
        if variable.name == table.person_link:
            return rows.person
        if isinstance(table.person_link, Link) and variable.name == table.person_link.variable:
            assert rows.parent is not None  # noqa: S101 (rows of a linked table have parents)
            return rows.parent
        return np.arange(rows.count, dtype=np.int64)

    def _link(self, table: Table, variable: Variable, rows: Mapping[str, Rows]) -> None:
        """Where a key leads to another table's row, a row of the same person if it has one."""
        there = variable.links_to
        through = table.person_link
        by_link = isinstance(through, Link) and variable.name == through.variable
        if there is None or by_link or variable.name == through or there.table not in rows:
            return
        mine, theirs = rows[table.name].person, rows[there.table].person
        if theirs[0] < 0:
            picked = self.rng.integers(0, len(theirs), len(mine))
        elif mine[0] < 0:
            picked = np.full(len(mine), -1)
        else:
            first = np.searchsorted(theirs, mine, side="left")
            many = np.searchsorted(theirs, mine, side="right") - first
            drawn = first + (self.rng.random(len(mine)) * many).astype(np.int64)
            picked = np.where(many > 0, drawn, -1)
        numbers = self._numbers[there.table, there.variable]
        self._numbers[table.name, variable.name] = np.where(
            picked >= 0, numbers[np.maximum(picked, 0)], -1
        )

    def recorded(self, table: Table, name: str) -> Any:
        """A key column as a source would hold it."""
        numbers, variable = self._numbers[table.name, name], table.variable(name)
        missing = numbers < 0
        person = name == table.person_link and not self.plan.by_row
        if person and self.plan.dataset.person.kind == "nhs_number":
            spelt = self._nhs_numbers(int(numbers.max(initial=0)) + 1)[np.maximum(numbers, 0)]
        else:
            spelt = numbers + 1
        if variable.type == "integer":
            return pa.array(spelt, pa.int64(), mask=missing)
        text = pa.array(spelt).cast(pa.string())
        if not person:
            text = pa.compute.binary_join_element_wise("K", text, "")
        return pa.compute.if_else(pa.array(missing), pa.scalar(None, pa.string()), text)

    def _nhs_numbers(self, count: int) -> Numbers:
        """`count` numbers with a right check digit (modulus 11), from 999 000 0000 on."""
        if count not in self._spelt:
            stems = np.arange(_TEST_NUMBERS, _TEST_NUMBERS + count + count // 5 + 20)
            digits = stems[:, None] // 10 ** np.arange(8, -1, -1) % 10
            check = (11 - digits @ _WEIGHTS % 11) % 11
            numbers = stems[check < 10] * 10 + check[check < 10]
            self._spelt[count] = numbers[numbers != 9_999_999_999][:count]
        found: Numbers = self._spelt[count]
        return found

    def released(self, table: Table, name: str) -> Any:
        """A key column as codes."""
        numbers = self._numbers[table.name, name]
        codes = self.codes(self.plan.code_group(table, table.variable(name)))
        return codes.take(pa.array(numbers, mask=numbers < 0))

    def codes(self, group: tuple[str, str]) -> Any:
        """A random code for each number of a kind of key."""
        if group not in self._codes:
            most = max((int(one.max(initial=-1)) for one in self._numbers.values()), default=-1)
            self._codes[group] = random_codes(self.rng, most + 1)
        return self._codes[group]


def random_codes(rng: np.random.Generator, count: int) -> Any:
    """`count` different codes."""
    made = rng.bytes(CODE_BYTES * count)
    whole = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(CODE_BYTES), count, [None, pa.py_buffer(made)]
    )
    return whole.cast(pa.binary())
