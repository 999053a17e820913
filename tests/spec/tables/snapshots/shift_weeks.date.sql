SELECT "t0"."i", ADD("t0"."a", CAST(CAST("t0"."b" AS INT) * 7 AS INT)) AS "out" FROM "given" AS "t0"
