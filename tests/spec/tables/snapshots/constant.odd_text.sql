SELECT "t0"."i", 'a\n%_''"`
 ${x}' AS "out" FROM "given" AS "t0"
