SELECT "t0"."i", MAKE_TIMESTAMP(2026, 1, 2, 3, 4, 5.000006) AS "out" FROM "given" AS "t0"
