SELECT "t0"."i", "t0"."a" IN (1, 1099511627776) AS "out" FROM "given" AS "t0"
