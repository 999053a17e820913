SELECT `t0`.`i`, `t0`.`a` IS NULL AS `out` FROM `given` AS `t0`
