SELECT "t0"."i", DATE_TRUNC('HOUR', "t0"."a") AS "out" FROM "given" AS "t0"
