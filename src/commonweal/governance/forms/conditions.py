"""When a question is asked: `all`, `any` or `not` over the answers to earlier questions.

There are no free expressions. What is not answered, or not shown, meets no condition; so `not` of
a condition on it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from commonweal.papers.base import Paper

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$", max_length=48)]
"""The name of a section, question, column or option: small letters, digits and underscores."""
MAX_WHOLE = 2**31 - 1
"""The largest whole number of an answer (FHIR's integer has 32 bits)."""
Whole = Annotated[int, Field(ge=-MAX_WHOLE, le=MAX_WHOLE)]
MAX_DEPTH = 4

Test = Literal["is", "has", "answered", "at_least", "at_most"]
TESTS: dict[str, frozenset[Test]] = {
    "yes_no": frozenset({"is", "answered"}),
    "one_of": frozenset({"is", "answered"}),
    "several_of": frozenset({"has", "answered"}),
    "whole_number": frozenset({"is", "answered", "at_least", "at_most"}),
}
"""What can be asked of an answer, by the kind of its question; of all other kinds only whether it
is there."""
ONLY_ANSWERED: frozenset[Test] = frozenset({"answered"})


class Condition(Paper):
    """`{question, is | has | answered | at_least | at_most}`, or `all`, `any`, `not` of these."""

    question: Name | None = None
    is_: bool | Whole | Name | None = Field(default=None, alias="is")
    has: Name | None = None
    answered: bool | None = None
    at_least: Whole | None = None
    at_most: Whole | None = None
    all: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=20)] | None = None
    any: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=20)] | None = None
    not_: Condition | None = Field(default=None, alias="not")

    model_config = Paper.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @model_validator(mode="after")
    def _one_meaning(self) -> Condition:
        tests = [name for name, value in self._tests() if value is not None]
        groups = [part for part in (self.all, self.any, self.not_) if part is not None]
        if self.question is None:
            if tests or len(groups) != 1:
                raise ValueError("a condition names a question, or has one of all, any, not")
        elif groups or len(tests) != 1:
            raise ValueError(
                "a condition on a question has one of is, has, answered, at_least, at_most"
            )
        if self.depth() > MAX_DEPTH:
            raise ValueError(f"a condition is at most {MAX_DEPTH} levels deep")
        return self

    def _tests(self) -> tuple[tuple[Test, Any], ...]:
        return (
            ("is", self.is_),
            ("has", self.has),
            ("answered", self.answered),
            ("at_least", self.at_least),
            ("at_most", self.at_most),
        )

    @property
    def test(self) -> tuple[Test, Any]:
        """What is asked of the question's answer, and with which value; only for a leaf."""
        return next((name, value) for name, value in self._tests() if value is not None)

    def children(self) -> tuple[Condition, ...]:
        """The conditions directly inside this one."""
        inside = (*(self.all or ()), *(self.any or ()))
        return (*inside, self.not_) if self.not_ is not None else inside

    def depth(self) -> int:
        """Levels of nesting, 1 for a leaf."""
        return 1 + max((child.depth() for child in self.children()), default=0)

    def leaves(self) -> Iterator[Condition]:
        """Every condition on a question, in reading order."""
        if self.question is not None:
            yield self
        for child in self.children():
            yield from child.leaves()

    def asks_about(self) -> frozenset[str]:
        """The ids of the questions that this condition looks at."""
        return frozenset(leaf.question for leaf in self.leaves() if leaf.question is not None)


def holds(condition: Condition | None, values: Mapping[str, Any]) -> bool:
    """Whether `condition` is met by `values` (answers that are shown, by question). No condition
    is always met."""
    if condition is None:
        return True
    if condition.question is not None:
        return _meets(condition, values.get(condition.question))
    if condition.all is not None:
        return all(holds(child, values) for child in condition.all)
    if condition.any is not None:
        return any(holds(child, values) for child in condition.any)
    return not holds(condition.not_, values)


def _meets(leaf: Condition, value: Any) -> bool:
    test, wanted = leaf.test
    if test == "answered":
        return (value is not None) is wanted
    if value is None:
        return False
    if test == "is":
        # True is not 1: an answer of another kind never meets a condition.
        return type(value) is type(wanted) and bool(value == wanted)
    if test == "has":
        return isinstance(value, tuple | list) and wanted in value
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return bool(value >= wanted if test == "at_least" else value <= wanted)


def in_words(
    condition: Condition,
    names: Mapping[str, str] | None = None,
    labels: Mapping[tuple[str, str], str] | None = None,
) -> str:
    """The condition as people read it, after "only if".

    `names`: the words for questions; `labels`: the words for options, by question and code.
    """
    if condition.question is not None:
        return _leaf_words(condition, names or {}, labels or {})
    if condition.not_ is not None:
        return f"not ({in_words(condition.not_, names, labels)})"
    joint = " and " if condition.all is not None else " or "
    parts = [(child, in_words(child, names, labels)) for child in condition.children()]
    return joint.join(said if child.question is not None else f"({said})" for child, said in parts)


def _leaf_words(
    leaf: Condition, names: Mapping[str, str], labels: Mapping[tuple[str, str], str]
) -> str:
    test, wanted = leaf.test
    asked = leaf.question or ""
    name = names.get(asked, f"`{asked}`")
    if test == "answered":
        return f"{name} is {'answered' if wanted else 'not answered'}"
    if isinstance(wanted, bool):
        shown = "yes" if wanted else "no"
    else:
        shown = labels.get((asked, str(wanted)), f"{wanted}")
    return {
        "is": f"{name} is {shown}",
        "has": f"{name} has {shown}",
        "at_least": f"{name} is {shown} or more",
        "at_most": f"{name} is {shown} or less",
    }[test]
