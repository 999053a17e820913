SELECT "t0"."i", REPLACE(REPLACE(REPLACE(REPLACE(REPLACE("t0"."a", ' ', ''), '	', ''), '', ''), '
', ''), '-', '') AS "out" FROM "given" AS "t0"
