SELECT * FROM "given" AS "t0" ORDER BY "t0"."a" ASC
