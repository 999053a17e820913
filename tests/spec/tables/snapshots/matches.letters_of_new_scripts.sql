SELECT "t0"."i", REGEXP_MATCHES("t0"."a", '[\p{L}\p{N}]') AS "out" FROM "given" AS "t0"
