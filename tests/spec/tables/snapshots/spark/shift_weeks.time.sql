SELECT `t0`.`i`, `t0`.`a` + CAST(CONCAT(CAST(`t0`.`b` AS INT) * 7, ' days') AS INTERVAL) AS `out` FROM `given` AS `t0`
