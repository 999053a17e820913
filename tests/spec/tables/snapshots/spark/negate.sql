SELECT `t0`.`i`, NOT (`t0`.`a`) AS `out` FROM `given` AS `t0`
