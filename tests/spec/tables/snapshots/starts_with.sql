SELECT "t0"."i", STARTS_WITH("t0"."a", 'I') AS "out" FROM "given" AS "t0"
