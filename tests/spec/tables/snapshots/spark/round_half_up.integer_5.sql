SELECT `t0`.`i`, (`t0`.`a` + 2) - ((((`t0`.`a` + 2) % 5) + 5) % 5) AS `out` FROM `given` AS `t0`
