SELECT "t0"."i", CAST(CAST("t0"."a" + TO_DAYS("t0"."b" * 7) AS TIMESTAMP) AS DATE) AS "out" FROM "given" AS "t0"
