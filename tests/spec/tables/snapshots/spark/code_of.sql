SELECT `t0`.`i`, UNHEX(SUBSTRING(`t0`.`a`, IF((0 + 1) >= 1, 0 + 1, 0 + 1 + LENGTH(`t0`.`a`)), 32)) AS `out` FROM `given` AS `t0`
