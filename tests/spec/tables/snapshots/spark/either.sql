SELECT `t0`.`i`, `t0`.`a` OR `t0`.`b` AS `out` FROM `given` AS `t0`
