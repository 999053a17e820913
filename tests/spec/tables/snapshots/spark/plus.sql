SELECT `t0`.`i`, `t0`.`a` + `t0`.`b` AS `out` FROM `given` AS `t0`
