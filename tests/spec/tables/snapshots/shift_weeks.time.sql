SELECT "t0"."i", "t0"."a" + TO_DAYS(CAST("t0"."b" AS INT) * 7) AS "out" FROM "given" AS "t0"
