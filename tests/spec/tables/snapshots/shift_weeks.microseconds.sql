SELECT "t0"."i", "t0"."a" + TO_DAYS(-5 * 7) AS "out" FROM "given" AS "t0"
