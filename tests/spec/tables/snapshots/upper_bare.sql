SELECT "t0"."i", REPLACE(REPLACE(UPPER("t0"."a"), '.', ''), ' ', '') AS "out" FROM "given" AS "t0"
