SELECT "t0"."i", REGEXP_MATCHES("t0"."a", '^ab$') AS "out" FROM "given" AS "t0"
