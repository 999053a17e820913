SELECT `t0`.`i`, CAST(`t0`.`a` AS DOUBLE) / NULLIF(CAST(`t0`.`b` AS DOUBLE), CAST('0.0' AS DOUBLE)) AS `out` FROM `given` AS `t0`
