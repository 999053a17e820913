SELECT `t0`.`i`, CAST(`t0`.`a` AS DATE) AS `out` FROM `given` AS `t0`
