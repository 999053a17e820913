SELECT `t0`.`i`, (`t0`.`a` + 1) - ((((`t0`.`a` + 1) % 2) + 2) % 2) AS `out` FROM `given` AS `t0`
