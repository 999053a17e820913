SELECT "t0"."i", CASE WHEN "t0"."a" THEN "t0"."b" ELSE "t0"."c" END AS "out" FROM "given" AS "t0"
