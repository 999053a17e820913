SELECT "t0"."i", REGEXP_REPLACE(UPPER("t0"."a"), '[^\p{L}\p{N}]', '', 'g') AS "out" FROM "given" AS "t0"
