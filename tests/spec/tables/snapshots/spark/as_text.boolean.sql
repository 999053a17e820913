SELECT `t0`.`i`, CAST(`t0`.`a` AS STRING) AS `out` FROM `given` AS `t0`
