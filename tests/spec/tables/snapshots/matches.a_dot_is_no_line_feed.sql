SELECT "t0"."i", REGEXP_MATCHES("t0"."a", '^a.b$') AS "out" FROM "given" AS "t0"
