SELECT `t0`.`i`, CAST(`t0`.`a` AS INT) AS `out` FROM `given` AS `t0`
