SELECT `t0`.`i`, UNHEX(`t0`.`a`) AS `out` FROM `given` AS `t0`
