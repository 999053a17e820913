SELECT "t0"."i", CAST(NULL AS BLOB) AS "out" FROM "given" AS "t0"
