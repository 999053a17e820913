SELECT `t0`.`i`, `t0`.`a` IN ('a', 'c') AS `out` FROM `given` AS `t0`
