SELECT `t0`.`i`, `t0`.`a` AND `t0`.`b` AS `out` FROM `given` AS `t0`
