SELECT "t0"."i", ("t0"."a" IS NULL) OR REGEXP_MATCHES("t0"."a", '^[\p{Z}\p{Cc}\p{Cf}]*\z') AS "out" FROM "given" AS "t0"
