SELECT "t0"."i", MAKE_DATE(1, 2, 3) AS "out" FROM "given" AS "t0"
