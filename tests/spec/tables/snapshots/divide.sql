SELECT "t0"."i", CAST("t0"."a" AS DOUBLE) / CAST("t0"."b" AS DOUBLE) AS "out" FROM "given" AS "t0"
