SELECT `t0`.`i`, STARTSWITH(`t0`.`a`, 'É') AS `out` FROM `given` AS `t0`
