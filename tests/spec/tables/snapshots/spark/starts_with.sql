SELECT `t0`.`i`, STARTSWITH(`t0`.`a`, 'I') AS `out` FROM `given` AS `t0`
