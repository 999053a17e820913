SELECT "t0"."i", CAST("t0"."a" AS TEXT) AS "out" FROM "given" AS "t0"
