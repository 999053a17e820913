SELECT `t0`.`i`, (`t0`.`a` + 500) - ((((`t0`.`a` + 500) % 1000) + 1000) % 1000) AS `out` FROM `given` AS `t0`
