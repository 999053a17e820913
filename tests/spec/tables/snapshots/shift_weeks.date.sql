SELECT "t0"."i", ADD("t0"."a", CAST("t0"."b" * 7 AS INT)) AS "out" FROM "given" AS "t0"
