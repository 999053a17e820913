SELECT `t0`.`i`, CAST(`t0`.`a` AS BIGINT) AS `out` FROM `given` AS `t0`
