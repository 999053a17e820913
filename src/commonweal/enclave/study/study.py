"""A study: its data, and the requests and files that it leaves."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from commonweal.enclave.study import made as made_columns
from commonweal.enclave.study import measure as made
from commonweal.enclave.study.analyses import (
    Term,
    correlation_request,
    regression_request,
    survival_request,
)
from commonweal.enclave.study.asking import (
    Asker,
    Groups,
    line,
    request_name,
    table_request,
    with_figure,
)
from commonweal.enclave.study.columns import Column, Filter, Json
from commonweal.enclave.study.data import Engine, Table
from commonweal.enclave.study.errors import StudyError
from commonweal.enclave.study.keeping import Checkpoints, checkpoints_here
from commonweal.enclave.study.measure import Measure
from commonweal.enclave.study.models import Examples, Feature, Target, examples, recipe
from commonweal.enclave.study.place import Place
from commonweal.enclave.study.preview import Counted, Drawing, Preview
from commonweal.enclave.study.writing import Writer, as_bytes, file_name, given_bytes

NOTES = "notes.json"
LONGEST_NOTE = 20_000
_NOBODY: tuple[Groups, ...] = ()
_COUNT = (Measure("people"),)


@dataclass
class Study:
    """All that a study may do. The functions of the package are those of one such object."""

    place: Place = field(default_factory=Place)
    _engine: Engine | None = field(default=None, repr=False)
    _writer: Writer | None = field(default=None, repr=False)
    _notes: list[Json] = field(default_factory=list, repr=False)
    _checkpoints: Checkpoints | None = field(default=None, repr=False)

    def move(self, place: Place) -> None:
        """Work on other folders from now on."""
        self.place, self._engine, self._writer = place, None, None
        self._notes.clear()

    def checkpoints(self) -> Checkpoints:
        """The folder in which a long study keeps how far it has come (`checkpoints: true`).

        `.folder` is its path and `.earlier` says whether it holds what an attempt before this one
        kept; `with study.checkpoints().writing() as folder:` writes files that belong together.
        """
        if self._checkpoints is None:
            self._checkpoints = checkpoints_here()
        return self._checkpoints

    # --- data ---------------------------------------------------------------------------------
    def tables(self) -> list[str]:
        """The names of the release's tables."""
        return [name for name in self.place.release.tables if name != made_columns.TABLE]

    def data(self, name: str) -> Table:
        """A table of the release, read when it is needed.

        `.duckdb()`, `.arrow()`, `.pandas()` and `.polars()` give its rows, for use in the job.
        """
        return Table(self.place.release.table(name), self.engine)

    def sql(self, query: str, **beside: Any) -> Any:
        """A relation of DuckDB: `query` over views of all tables, and of what is given by name.

        `beside`: Arrow tables or data frames that the query calls by their argument's name.
        """
        if not isinstance(query, str) or not query.strip():
            raise StudyError("query: give a statement of SQL.")
        db = self.engine.connection()
        taken = {name.casefold() for name in self.place.release.tables}
        for name, frame in beside.items():
            if name.casefold() in taken:
                raise StudyError(f"{name}: the release has a table of this name.")
            with self.engine.errors(f"{name}: DuckDB cannot read this"):
                db.register(name, frame)
        with self.engine.errors("query"):
            return db.sql(query)

    def reference(self, name: str) -> Path:
        """The path of an approved reference file."""
        folder, bare = self.place.reference, file_name(name)
        if folder is None or not (folder / bare).exists():
            raise StudyError(f"name: there is no reference file {bare!r} here.")
        return folder / bare

    @property
    def engine(self) -> Engine:
        """The locked engine over the release."""
        if self._engine is None:
            self._engine = Engine(self.place)
        return self._engine

    @property
    def writer(self) -> Writer:
        """Where outputs are written."""
        if self._writer is None:
            self._writer = Writer(self.place.outputs)
        return self._writer

    def person_column(
        self, name: str, people: Any, values: Any, *, labels: Sequence[str] | None = None
    ) -> Column:
        """Hand in a column that this study made: for each of `people` one of `values`.

        `people`: codes as a table of the release has them, each once. `values`: numbers, or words
        of the closed list `labels`; who has none is left out or missing. Gives a column for `by`,
        `where` and `measures` of tables. Writes `name.column`, which never leaves: declare it as a
        `person_column`. What is made of it is always looked at by people, who read your code.
        """
        made = made_columns.make(self.place.release, self.engine, name, people, values, labels)
        self.writer.content(file_name(f"{made.name}{made_columns.SUFFIX}"), made.content)
        return made.column

    # --- tables -------------------------------------------------------------------------------
    def table(
        self,
        name: str,
        *,
        by: Groups | Sequence[Groups] = _NOBODY,
        measures: Measure | Sequence[Measure] = _COUNT,
        of: str | None = None,
        where: Filter | None = None,
        title: str | None = None,
        totals: bool = False,
        rounding: str = "exact",
        protect: str | None = None,
    ) -> Preview:
        """Ask for a table: `measures` in each group of `by`, of the rows of table `of`.

        Writes the request `name.json` and gives a preview for use in this job. `totals`: also over
        each grouping. `rounding` of counts: exact, nearest_5, midpoint_6, small_as_5. `protect`:
        what the airlock does where a cell may not leave: suppress it, or merge groups; the preview
        shows it as it is.
        """
        listed = [by] if not isinstance(by, Sequence) or isinstance(by, str) else list(by)
        wanted = [measures] if isinstance(measures, Measure) else list(measures)
        measured = _columns_of(wanted)
        asker = Asker.of(self.place.release, of, measured or listed)
        request = table_request(
            asker, name, title, wanted,
            by=by, where=where, totals=totals, rounding=rounding, protect=protect,
        )  # fmt: skip
        with self.engine.errors("The preview cannot be made"):
            preview = Counted(asker, self.engine, request).preview()
        self.writer.request(request["name"], request)
        return preview

    def count(self, name: str, **more: Any) -> Preview:
        """Ask for numbers of people; arguments as in `table`."""
        return self.table(name, measures=[made.people()], **more)

    def mean(self, name: str, column: Column | str, *, decimals: int = 2, **more: Any) -> Preview:
        """Ask for means of `column`; other arguments as in `table`."""
        return self.table(name, measures=[made.mean(column, decimals)], **more)

    def sd(self, name: str, column: Column | str, *, decimals: int = 2, **more: Any) -> Preview:
        """Ask for standard deviations of `column`; other arguments as in `table`."""
        return self.table(name, measures=[made.sd(column, decimals)], **more)

    def sum(self, name: str, column: Column | str, *, decimals: int = 2, **more: Any) -> Preview:
        """Ask for sums of `column`; other arguments as in `table`."""
        return self.table(name, measures=[made.sum(column, decimals=decimals)], **more)

    def quantile(
        self, name: str, column: Column | str, q: float, *, decimals: int = 2, **more: Any
    ) -> Preview:
        """Ask for the q-quantile of `column` (0.5: the median); other arguments as in `table`."""
        return self.table(name, measures=[made.quantile(column, q, decimals)], **more)

    def ratio(
        self,
        name: str,
        top: Measure,
        bottom: Measure,
        *,
        per: int = 1,
        decimals: int = 2,
        **more: Any,
    ) -> Preview:
        """Ask for `top` over `bottom`, times `per`; other arguments as in `table`.

        `ratio("died", measure.people(where=died), measure.people(), per=100, of="patients")`.
        """
        return self.table(name, measures=[made.ratio(top, bottom, per, decimals)], **more)

    # --- analyses -----------------------------------------------------------------------------
    def regression(
        self,
        name: str,
        outcome: Column | str,
        terms: Sequence[Column | str | Term] = (),
        *,
        family: str = "linear",
        event: Column | str | None = None,
        interactions: Sequence[tuple[Column | str, Column | str]] = (),
        of: str | None = None,
        where: Filter | None = None,
        title: str | None = None,
        decimals: int = 3,
        rounding: str = "exact",
    ) -> Preview:
        """Ask for a regression: `family` linear, logistic, poisson or cox.

        `terms`: columns (numbers as they are, others by category) or `number(...)` and
        `category(..., reference=...)`. `event`: for cox, whether the time `outcome` ended in one.
        """
        from commonweal.enclave.study.fitting import fitted

        asker = Asker.of(self.place.release, of, [outcome])
        request = regression_request(
            asker, name, title, family, outcome, event, terms,
            interactions=interactions, where=where, decimals=decimals, rounding=rounding,
        )  # fmt: skip
        with self.engine.errors("The preview cannot be made"):
            preview = fitted(asker, self.engine, request)
        self.writer.request(request["name"], request)
        return preview

    def survival(
        self,
        name: str,
        time: Column | str,
        event: Column | str,
        *,
        step: float,
        by: Groups | Sequence[Groups] = _NOBODY,
        of: str | None = None,
        where: Filter | None = None,
        title: str | None = None,
        decimals: int = 3,
        rounding: str = "exact",
    ) -> Preview:
        """Ask for survival curves after Kaplan and Meier, shown at the end of each `step`.

        `time`: under observation, from 0; `event`: whether it ended in one (true or false, 1 or
        0). The airlock merges steps with too few people; the preview does not.
        """
        from commonweal.enclave.study.fitting import survived

        asker = Asker.of(self.place.release, of, [time])
        request = survival_request(
            asker, name, title, time, event,
            by=by, step=step, where=where, decimals=decimals, rounding=rounding,
        )  # fmt: skip
        with self.engine.errors("The preview cannot be made"):
            preview = survived(asker, self.engine, request)
        self.writer.request(request["name"], request)
        return preview

    def correlation(
        self,
        name: str,
        columns: Sequence[Column | str],
        *,
        of: str | None = None,
        where: Filter | None = None,
        title: str | None = None,
        decimals: int = 3,
        rounding: str = "exact",
    ) -> Preview:
        """Ask for Pearson's correlation of each pair of 2 to 10 `columns` of numbers."""
        from commonweal.enclave.study.fitting import correlated

        named = columns if isinstance(columns, Sequence) else ()
        asker = Asker.of(self.place.release, of, named)
        request = correlation_request(
            asker, name, title, columns, where=where, decimals=decimals, rounding=rounding
        )
        with self.engine.errors("The preview cannot be made"):
            preview = correlated(asker, self.engine, request)
        self.writer.request(request["name"], request)
        return preview

    # --- files --------------------------------------------------------------------------------
    def file(self, name: str, content: bytes | str | Path | pa.Table) -> Path:
        """Leave a plain file: bytes, a text, a `pathlib.Path`, or an Arrow table as CSV.

        It is `declared`: nothing in it is counted again, so a person always looks at it.
        """
        if isinstance(content, pa.Table):
            import pyarrow.csv

            sink = io.BytesIO()
            pyarrow.csv.write_csv(content, sink)
            content = sink.getvalue()
        return self.writer.content(file_name(name), given_bytes(content, "content"))

    def figure(self, name: str, figure: Any, *, kind: str | None = None) -> Path | Drawing:
        """Ask the airlock to draw what was asked for, or leave a picture of your own.

        `figure`: what `table`, `mean`, `quantile` or `survival` gave, of the same `name`. Then
        `kind` is bar or line, and curve for survival; the airlock draws the figures that leave,
        and this gives a preview. Or a figure of matplotlib, bytes or a `pathlib.Path`, PNG or JPEG:
        it is `declared`. Ask for the table behind it as well: the reviewer needs it.
        """
        if isinstance(figure, Preview):
            return self._asked_figure(name, figure, kind)
        if kind is not None:
            raise StudyError("kind: this is for what study.table and its like gave.")
        suffix = Path(file_name(name)).suffix.lower()
        if suffix not in (".png", ".jpg", ".jpeg"):
            raise StudyError("name: a picture is a .png or .jpg; ask for a table for its numbers.")
        if hasattr(figure, "savefig"):
            sink = io.BytesIO()
            figure.savefig(sink, format="png" if suffix == ".png" else "jpeg")
            figure = sink.getvalue()
        return self.writer.content(name, given_bytes(figure, "figure"))

    def _asked_figure(self, name: str, preview: Preview, kind: str | None) -> Drawing:
        request = preview.request
        if request_name(name) != request["name"]:
            raise StudyError("name: this is the name of what is to be drawn.")
        asked = with_figure(request, kind)
        drawing = preview.drawn(asked["figure"])
        self.writer.request(request["name"], asked)
        return drawing

    def model(
        self,
        name: str,
        model: bytes | Path,
        *,
        features: Sequence[Column | str | Feature],
        target: Column | str | Target,
        of: str | None = None,
        title: str | None = None,
    ) -> Path:
        """Leave a model (.onnx, .safetensors, .json) with the recipe of what it is fed with.

        Writes `risk.onnx` and `risk.recipe.json`; declare both as models. Without its recipe a
        model never gets better than a person's review.
        """
        file = file_name(name)
        content = given_bytes(model, "model")
        said = f"{Path(file).stem}.recipe"
        made = self._recipe(said, file, features, target, of, title)
        beside = file_name(f"{made['name']}.json")
        path = self.writer.content(file, content)
        self.writer.content(beside, as_bytes(made))
        return path

    def examples(
        self,
        *,
        features: Sequence[Column | str | Feature],
        target: Column | str | Target,
        of: str | None = None,
    ) -> Examples:
        """The numbers that a model with these features and this target is trained with.

        They are those that the custodian makes from the recipe, so that a model is judged on what
        it was trained with. Arguments as in `model`.
        """
        made = self._recipe("examples", "examples.json", features, target, of, None)
        asker = Asker.of(self.place.release, made["table"])
        with self.engine.errors("The examples cannot be made"):
            return examples(asker, self.engine, made)

    def _recipe(
        self, name: str, file: str, features: Any, target: Any, of: str | None, title: str | None
    ) -> Json:
        asker = Asker.of(self.place.release, of, [getattr(target, "column", target)])
        return recipe(asker, name, title or f"Model {Path(file).stem}", file, features, target)

    def note(self, about: str, *, context: str, controls: str | None = None) -> None:
        """Tell the reviewer what an output is for, and what was done so that nobody is seen in it.

        `about`: the name of the output. All notes are kept in `notes.json`; declare it as a file.
        """
        said = {
            "about": file_name(about, "about"),
            "context": _text(context, "context"),
            **({} if controls is None else {"controls": _text(controls, "controls")}),
        }
        kept = [one for one in self._notes if one["about"] != said["about"]]
        self._notes[:] = [*kept, said]
        self.writer.content(NOTES, as_bytes({"notes": self._notes}))


def _text(text: object, argument: str) -> str:
    if not isinstance(text, str):
        raise StudyError(f"{argument}: give a text.")
    for part in text.replace("\t", " ").split("\n"):
        if part.strip():
            line(part, argument, LONGEST_NOTE)
    if not text.strip() or len(text) > LONGEST_NOTE:
        raise StudyError(f"{argument}: give a text of 1 to {LONGEST_NOTE:,} letters.")
    return text


def _columns_of(measures: Sequence[object]) -> list[object]:
    found: list[object] = []
    for one in measures:
        if isinstance(one, Measure):
            found += [part.column for part in (one, one.top, one.bottom) if part is not None]
    return [one for one in found if isinstance(one, Column)]
