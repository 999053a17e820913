"""The tests' hospital in every kind of source: the same rows as files, DuckDB and PostgreSQL.

Each function takes a house and the address of a PostgreSQL server, and gives the kind and the
location of the source that it wrote.
"""

from __future__ import annotations

import adbc_driver_postgresql.dbapi as dbapi
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tests import factories
from tests.release_house import House, Tables


def typed(tables: Tables) -> dict[str, pa.Table]:
    """The rows as Arrow tables with the types of the catalogue."""
    found = {}
    for table in factories.catalogue_data()["datasets"][0]["tables"]:
        columns = {}
        for variable in table["variables"]:
            values = pa.array([row[variable["name"]] or None for row in tables[table["name"]]])
            kinds = {
                "date": pa.date32(), "timestamp": pa.timestamp("us"), "integer": pa.int64(),
                "decimal": pa.float64(), "text": pa.string(),
            }  # fmt: skip
            columns[variable["name"]] = values.cast(pa.string()).cast(kinds[variable["type"]])
        found[table["name"]] = pa.table(columns)
    return found


def as_csv(house: House, _: str) -> tuple[str, str]:
    return "folder", str(house.source)


def as_parquet(house: House, _: str) -> tuple[str, str]:
    folder = house.base / "parquet"
    folder.mkdir()
    for name, table in typed(house.tables).items():
        pq.write_table(table, folder / f"{name}.parquet")
    return "folder", str(folder)


def as_parts(house: House, _: str) -> tuple[str, str]:
    folder = house.base / "parts"
    for name, table in typed(house.tables).items():
        (folder / name).mkdir(parents=True)
        for part in range(3):
            pq.write_table(table.slice(part * 17, 17 if part < 2 else None),
                           folder / name / f"part-{part}.parquet")  # fmt: skip
    return "folder", str(folder)


def as_duckdb(house: House, _: str) -> tuple[str, str]:
    path = house.base / "hospital.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, table in typed(house.tables).items():
            connection.register("arrow_in", table)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arrow_in")
            connection.unregister("arrow_in")
    return "duckdb", str(path)


def as_postgresql(house: House, url: str) -> tuple[str, str]:
    kinds = {"date": "date", "timestamp": "timestamp", "integer": "bigint", "decimal": "float8",
             "text": "text"}  # fmt: skip
    # A database of its own: what other tests leave on the server is not part of the hospital.
    with dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS hospital")
        cursor.execute("CREATE DATABASE hospital")
    url = url.replace("/postgres?", "/hospital?")
    with dbapi.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        for table in factories.catalogue_data()["datasets"][0]["tables"]:
            columns = [f"{v['name']} {kinds[v['type']]}" for v in table["variables"]]
            cursor.execute(f"CREATE TABLE {table['name']} ({', '.join(columns)})")
            for row in house.tables[table["name"]]:
                values = ", ".join(
                    "NULL" if row[v["name"]] == "" else f"'{row[v['name']]}'"
                    for v in table["variables"]
                )
                cursor.execute(f"INSERT INTO {table['name']} VALUES ({values})")
    return "postgresql", url
