SELECT "t0"."i", CAST("t0"."a" AS SMALLINT) AS "out" FROM "given" AS "t0"
