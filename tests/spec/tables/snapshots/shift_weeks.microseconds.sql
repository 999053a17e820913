SELECT "t0"."i", "t0"."a" + TO_DAYS(CAST(-5 AS INT) * 7) AS "out" FROM "given" AS "t0"
