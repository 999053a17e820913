"""The toolkit: what researchers import inside a job, `from commonweal.enclave import study`.

Data come in lazily (`data`, `sql`); what is to be published is asked for (`table`, `mean`,
`regression`, ...) and made by the airlock, which never believes a job's own figures (S1). Imports
nothing of ours but itself, and the drawing of pictures, which is of the standard library: the job's
Python is another environment than the product's.
"""

from commonweal.enclave.study import measure
from commonweal.enclave.study.analyses import category, number
from commonweal.enclave.study.asking import bands
from commonweal.enclave.study.columns import Column, Filter
from commonweal.enclave.study.data import Table
from commonweal.enclave.study.errors import StudyError
from commonweal.enclave.study.here import (
    checkpoints,
    col,
    column,
    correlation,
    count,
    data,
    examples,
    figure,
    file,
    mean,
    model,
    note,
    person_column,
    quantile,
    ratio,
    reference,
    regression,
    sd,
    sql,
    sum,  # noqa: A004 (read as study.sum)
    survival,
    table,
    tables,
    use,
)
from commonweal.enclave.study.keeping import Checkpoints
from commonweal.enclave.study.models import Examples, code, feature, one_of, target
from commonweal.enclave.study.preview import Preview
from commonweal.enclave.study.study import Study

__all__ = [
    "Checkpoints",
    "Column",
    "Examples",
    "Filter",
    "Preview",
    "Study",
    "StudyError",
    "Table",
    "bands",
    "category",
    "checkpoints",
    "code",
    "col",
    "column",
    "correlation",
    "count",
    "data",
    "examples",
    "feature",
    "figure",
    "file",
    "mean",
    "measure",
    "model",
    "note",
    "number",
    "one_of",
    "person_column",
    "quantile",
    "ratio",
    "reference",
    "regression",
    "sd",
    "sql",
    "sum",
    "survival",
    "table",
    "tables",
    "target",
    "use",
]
