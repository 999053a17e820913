SELECT "t0"."i", -1099511627776 AS "out" FROM "given" AS "t0"
