SELECT "t0"."i", ("t0"."a" IS NULL) OR REGEXP_MATCHES(CAST("t0"."a" AS TEXT), '^[\p{Z}\p{Cc}\p{Cf}]*\z') AS "out" FROM "given" AS "t0"
