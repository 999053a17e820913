SELECT "t0"."i", LN("t0"."a") AS "out" FROM "given" AS "t0"
