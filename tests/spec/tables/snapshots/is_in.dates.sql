SELECT "t0"."i", "t0"."a" IN (MAKE_DATE(2024, 2, 29)) AS "out" FROM "given" AS "t0"
