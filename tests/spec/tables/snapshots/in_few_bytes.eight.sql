SELECT "t0"."i", "t0"."a" AS "out" FROM "given" AS "t0"
