SELECT "t0"."i", DATE_DIFF('DAY', "t0"."b", "t0"."a") AS "out" FROM "given" AS "t0"
