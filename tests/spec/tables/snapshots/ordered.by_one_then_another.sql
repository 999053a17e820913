SELECT "t0"."g", "t0"."x" FROM "some" AS "t0" ORDER BY "t0"."g" ASC, "t0"."x" ASC
