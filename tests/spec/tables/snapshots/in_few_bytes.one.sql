SELECT "t0"."i", CAST("t0"."a" AS TINYINT) AS "out" FROM "given" AS "t0"
