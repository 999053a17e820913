SELECT `t0`.`i`, (`t0`.`a` + 5) - ((((`t0`.`a` + 5) % 10) + 10) % 10) AS `out` FROM `given` AS `t0`
