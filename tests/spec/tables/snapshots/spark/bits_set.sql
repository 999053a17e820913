SELECT `t0`.`i`, BIT_COUNT(`t0`.`a`) AS `out` FROM `given` AS `t0`
