SELECT `t0`.`i`, DATEDIFF(DAY, CAST(`t0`.`b` AS DATE), CAST(`t0`.`a` AS DATE)) AS `out` FROM `given` AS `t0`
