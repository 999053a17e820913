SELECT `t0`.`i`, CAST('0.1' AS DOUBLE) AS `out` FROM `given` AS `t0`
