"""The catalogue: what the custodian holds, and how each variable may be seen.

Written by a person after a scan has suggested it (INTERFACES "Catalogue"). Nothing is released
from a variable without a declared role, and no form is released that is not offered here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from commonweal.foundation.canonical import digest
from commonweal.foundation.documents import load_document
from commonweal.foundation.errors import Fault
from commonweal.papers.base import ColumnName, Count, Identifier, Line, Paper, Text, named_twice
from commonweal.papers.forms import Form, fits, read_form
from commonweal.papers.missing import EqualityKind, EqualityVariable
from commonweal.papers.vocabulary import ROLES, Identifies, PersonKind, Role, VariableType

NAMING = frozenset(
    {"person_key", "nhs_number", "hospital_number", "name", "address", "phone", "email", "ssn",
     "passport", "driving_licence"}
)  # fmt: skip
"""What always says who somebody is, whatever role was declared."""

_KEYS = frozenset({"person_key", "nhs_number", "hospital_number"})
_NARROWING = frozenset({"date_of_birth", "postcode"})


_DESCRIBES: dict[str, EqualityKind] = {
    "ethnicity": "ethnicity", "sex": "sex", "date_of_birth": "age", "age": "age",
    "deprivation": "deprivation",
}  # fmt: skip
_USUAL_GROUPS: tuple[EqualityKind, ...] = ("ethnicity", "sex", "age", "deprivation")
"""What people are told by where the catalogue does not say, in this order."""


def roles_for(identifies: str | None) -> frozenset[str]:
    """The roles that a variable may have which identifies `identifies`.

    What names a person is a direct identifier, and a key may be coded as one. A birthday and a
    postcode are at least measured: under a harmless role no risk figure would count them.
    """
    if identifies in _KEYS:
        return frozenset({"direct_identifier", "record_key"})
    if identifies in NAMING:
        return frozenset({"direct_identifier"})
    if identifies in _NARROWING:
        return frozenset({"direct_identifier", "quasi_identifier"})
    return frozenset(ROLES)


ROLE_FORMS: dict[str, frozenset[str]] = {
    "record_key": frozenset({"record_code", "pseudonym"}),
    "free_text": frozenset({"redacted_text", "rollup"}),
    "image": frozenset({"deidentified_image"}),
}
"""Roles that can be offered in these forms only: none of them shows the value as it is."""

IDENTIFIER_FORMS = frozenset(
    {"pseudonym", "record_code", "year", "month", "age_band", "outward_postcode", "shift",
     "interval", "redacted_text", "deidentified_image"}
)  # fmt: skip
"""The forms in which a direct identifier may be offered at all: none of them shows it."""


class Link(Paper):
    """How a table reaches the person: through `variable`, equal to a variable of another table."""

    variable: ColumnName
    to_table: ColumnName
    to_variable: ColumnName


class Target(Paper):
    """The variable of another table that a record key points to."""

    table: ColumnName
    variable: ColumnName


class Variable(Paper):
    """One column. `role` null means that no one has decided yet: nothing is released from it."""

    name: ColumnName
    type: VariableType
    role: Role | None = None
    identifies: Identifies | None = None
    forms: tuple[str, ...] = ()
    reason: Text | None = None
    links_to: Target | None = None
    administrative: bool = False
    profile: dict[str, Any] | None = None

    @field_validator("forms")
    @classmethod
    def _forms_known(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(read_form(text).text for text in texts))

    @model_validator(mode="after")
    def _forms_fit(self) -> Variable:
        for form in self.offered():
            if not fits(form, self.type):
                raise ValueError(f"the form {form.text} does not fit the type {self.type}")
            if self.role == "direct_identifier" and form.kind not in IDENTIFIER_FORMS:
                raise ValueError("a direct identifier cannot be offered in this form")
            if form.kind not in ROLE_FORMS.get(self.role or "", frozenset({form.kind})):
                raise ValueError(f"a {self.role} cannot be offered as {form.text}")
        if self.administrative and any(form.kind != "interval" for form in self.offered()):
            raise ValueError("an administrative date can only be offered as an interval")
        if self.administrative and self.type not in ("date", "timestamp"):
            raise ValueError("only a date can be administrative")
        return self

    @property
    def is_birth(self) -> bool:
        """True for a date of birth: declared as one, or a date that says who a person is."""
        a_date = self.type in ("date", "timestamp")
        return self.identifies == "date_of_birth" or (a_date and self.role == "direct_identifier")

    def offered(self) -> tuple[Form, ...]:
        """The forms offered, finest first as the custodian wrote them."""
        return tuple(Form.parse(text) for text in self.forms)


class Table(Paper):
    """One table. `person_link` null means that its rows are not about people."""

    name: ColumnName
    title: Line | None = None
    file: Line | None = None
    format: Literal["csv", "parquet"] | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = None
    quote: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = None
    encoding: Line | None = None
    missing: tuple[Annotated[str, StringConstraints(max_length=50)], ...] = ()
    person_link: ColumnName | Link | None = None
    rows: Count | None = None
    variables: Annotated[tuple[Variable, ...], Field(min_length=1, max_length=5000)]

    @model_validator(mode="after")
    def _names_once(self) -> Table:
        _once([variable.name for variable in self.variables], "variable")
        if self.link_variable is not None:
            self.variable(self.link_variable)
        return self

    @model_validator(mode="after")
    def _roles_fit(self) -> Table:
        for variable in self.variables:
            allowed = roles_for(variable.identifies)
            if variable.role is not None and variable.role not in allowed:
                raise ValueError(
                    f"{self.name}.{variable.name} identifies {variable.identifies}: its role is "
                    f"{' or '.join(sorted(allowed))}"
                )
        return self

    @property
    def link_variable(self) -> str | None:
        """The variable of this table through which it reaches the person."""
        link = self.person_link
        return link.variable if isinstance(link, Link) else link

    def variable(self, name: str) -> Variable:
        """The variable called `name`. Raises `Fault` CW-CATALOGUE-UNKNOWN."""
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise Fault("CW-CATALOGUE-UNKNOWN", f"Table {self.name} has no variable {name}.")


class Source(Paper):
    """Where a dataset lies. A PostgreSQL location never holds the password."""

    kind: Literal["folder", "duckdb", "postgresql"]
    location: Line


class Person(Paper):
    """Who the rows are about. `row`: one row is one person, and there is no identifier.

    `national` names the variable of the person table that holds the NHS number where tables are
    linked by another identifier.
    """

    table: ColumnName | None = None
    variable: ColumnName | None = None
    kind: PersonKind
    national: ColumnName | None = None

    @model_validator(mode="after")
    def _complete(self) -> Person:
        named = self.table is not None and self.variable is not None
        if self.kind == "row" and (self.table or self.variable or self.national):
            raise ValueError("with kind row there is no person table or variable")
        if self.kind != "row" and not named:
            raise ValueError("the person table and its variable must be named")
        return self


class Dataset(Paper):
    """Tables about one population from one source."""

    id: Identifier
    title: Line
    source: Source
    person: Person
    primary_care: bool = False
    """Whether these are records of GP practices: type 1 opt-outs apply to them."""
    tables: Annotated[tuple[Table, ...], Field(min_length=1, max_length=1000)]
    equality: Annotated[tuple[EqualityVariable, ...], Field(max_length=20)] | None = None
    """By which variables of the person table it is told who is missing; without it, by those that
    say ethnic group, sex, age and how poor the area is (P9)."""

    @model_validator(mode="after")
    def _links_lead_somewhere(self) -> Dataset:
        _once([table.name for table in self.tables], "table")
        if self.person.kind == "row":
            if any(table.person_link is not None for table in self.tables):
                raise ValueError("with kind row no table has a person_link")
            return self
        if self.person.table is None or self.person.variable is None:
            raise ValueError("the person table and its variable must be named")
        people = self.table(self.person.table)
        people.variable(self.person.variable)
        if self.person.national is not None:
            people.variable(self.person.national)
        if people.person_link != self.person.variable:
            raise ValueError("the person table's person_link must be the person variable")
        for table in self.tables:
            for link in self.route(table):
                self._must_be_coded(self.table(link.to_table).variable(link.to_variable))
            if table.link_variable is not None:
                self._must_be_coded(table.variable(table.link_variable))
        if self.national_variable is not None:
            self._must_be_coded(people.variable(self.national_variable))
        return self

    @model_validator(mode="after")
    def _groups_are_of_people(self) -> Dataset:
        asked = self.equality or ()
        if asked and self.person.table is None:
            raise ValueError("equality needs a person table")
        _once([one.variable for one in asked], "variable of equality")
        for one in asked:
            variable = self.table(str(self.person.table)).variable(one.variable)
            if not _may_group(variable, one):
                raise ValueError(f"{one.variable} cannot say to which group people belong")
            if not one.groups and one.describes not in _USUAL_GROUPS:
                raise ValueError(f"the groups of {one.variable} must be named")
        return self

    @property
    def equality_variables(self) -> tuple[EqualityVariable, ...]:
        """By which variables it is told who is missing: as declared, or the usual ones."""
        if self.equality is not None or self.person.table is None:
            return self.equality or ()
        found: dict[EqualityKind, EqualityVariable] = {}
        for variable in self.table(self.person.table).variables:
            describes = _DESCRIBES.get(variable.identifies or "")
            if describes is None or describes in found:
                continue
            one = EqualityVariable(variable=variable.name, describes=describes)
            if _may_group(variable, one):
                found[describes] = one
        return tuple(found[kind] for kind in _USUAL_GROUPS if kind in found)

    def _must_be_coded(self, variable: Variable) -> None:
        if variable.role not in (None, "direct_identifier", "record_key"):
            raise ValueError(
                f"{variable.name} leads to the person: it is a direct_identifier or record_key"
            )

    def table(self, name: str) -> Table:
        """The table called `name`. Raises `Fault` CW-CATALOGUE-UNKNOWN."""
        for table in self.tables:
            if table.name == name:
                return table
        raise Fault("CW-CATALOGUE-UNKNOWN", f"Dataset {self.id} has no table {name}.")

    def route(self, table: Table) -> tuple[Link, ...]:
        """The chain of links from `table` to a table that holds the person variable itself."""
        chain: list[Link] = []
        here = table
        while isinstance(here.person_link, Link):
            if len(chain) >= 8:
                raise ValueError(f"the person_link of table {table.name} goes in a circle")
            chain.append(here.person_link)
            there = self.table(here.person_link.to_table)
            there.variable(here.person_link.to_variable)
            if there.person_link is None:
                raise ValueError(f"the person_link of table {table.name} leads to no person")
            here = there
        return tuple(chain)

    @property
    def national_variable(self) -> str | None:
        """The variable of the person table that holds NHS numbers, if there is one."""
        if self.person.national is not None:
            return self.person.national
        return self.person.variable if self.person.kind == "nhs_number" else None


class Custodian(Paper):
    """Who runs this. `ods` is the organisation's ODS code."""

    name: Line
    ods: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,10}$")] | None = None


class Catalogue(Paper):
    """The whole catalogue (file version 1)."""

    catalogue: Literal[1]
    custodian: Custodian
    datasets: Annotated[tuple[Dataset, ...], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _ids_once(self) -> Catalogue:
        _once([dataset.id for dataset in self.datasets], "dataset")
        return self

    @classmethod
    def load(cls, path: Path) -> Catalogue:
        """Read a catalogue file. Raises `PaperInvalid` CW-CATALOGUE-INVALID and file faults."""
        return cls.read(
            load_document(path, "The catalogue"), f"Catalogue {path.name}", "CW-CATALOGUE-INVALID"
        )

    def dataset(self, id_: str) -> Dataset:
        """The dataset called `id_`. Raises `Fault` CW-CATALOGUE-UNKNOWN."""
        for dataset in self.datasets:
            if dataset.id == id_:
                return dataset
        raise Fault("CW-CATALOGUE-UNKNOWN", f"The catalogue has no dataset {id_}.")

    def governed_digest(self, dataset_ids: tuple[str, ...]) -> str:
        """Hash of all that decides what may be released from these datasets.

        Location, reasons, row counts, profiles and how missing people are told are left out: they
        may change without a new decision. Types, roles, links and forms may not.
        """
        governed = []
        for id_ in sorted(dataset_ids):
            plain = self.dataset(id_).plain()
            plain.pop("source")
            plain.pop("equality", None)
            for table in plain["tables"]:
                table.pop("rows", None)
                for variable in table["variables"]:
                    variable.pop("reason", None)
                    variable.pop("profile", None)
            governed.append(plain)
        return digest(governed)


def _may_group(variable: Variable, one: EqualityVariable) -> bool:
    """Whether people may be told in groups of a variable: of what says who somebody is, only an
    age in years, and never notes, pictures, genes or what nobody has decided on."""
    a_date = variable.type in ("date", "timestamp")
    if one.describes == "age" and not one.groups:
        return variable.role is not None and (a_date or variable.type == "integer")
    hidden = (None, "direct_identifier", "record_key", "free_text", "image", "genomic")
    return variable.role not in hidden and not a_date


def _once(names: list[str], what: str) -> None:
    twin = named_twice(names)
    if twin is not None:
        raise ValueError(f"the {what} {twin} is named twice, or looks like another")
