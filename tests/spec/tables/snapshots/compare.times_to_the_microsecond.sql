SELECT "t0"."i", "t0"."a" >= MAKE_TIMESTAMP(1969, 12, 31, 23, 59, 59.999999) AS "out" FROM "given" AS "t0"
