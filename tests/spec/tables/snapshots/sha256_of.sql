SELECT "t0"."i", SHA256("t0"."a") AS "out" FROM "given" AS "t0"
