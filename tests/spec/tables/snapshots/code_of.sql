SELECT "t0"."i", UNHEX(SUBSTRING("t0"."a", CASE WHEN (0 + 1) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t0"."a") END, 32)) AS "out" FROM "given" AS "t0"
