SELECT "t0"."i", RTRIM(SUBSTRING(TRIM(REPLACE("t0"."a", '.', ''), ' 	
'), CASE WHEN (0 + 1) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH(TRIM(REPLACE("t0"."a", '.', ''), ' 	
')) END, 4), ' 	
') AS "out" FROM "given" AS "t0"
