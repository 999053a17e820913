SELECT `t0`.`i`, `t0`.`a` >= CAST('1969-12-31 23:59:59.999999' AS TIMESTAMP) AS `out` FROM `given` AS `t0`
