SELECT "t0"."i", STARTS_WITH("t0"."a", 'É') AS "out" FROM "given" AS "t0"
