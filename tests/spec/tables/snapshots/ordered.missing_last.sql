SELECT * FROM "left" AS "t0" ORDER BY "t0"."key" ASC, "t0"."id" ASC
