SELECT `t0`.`i`, `t0`.`a` + CAST(CONCAT(`t0`.`b` * 7, ' days') AS INTERVAL) AS `out` FROM `given` AS `t0`
