SELECT "t0"."i", "t0"."a" + TO_DAYS("t0"."b" * 7) AS "out" FROM "given" AS "t0"
