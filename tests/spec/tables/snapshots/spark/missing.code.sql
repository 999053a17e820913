SELECT `t0`.`i`, CAST(NULL AS BINARY) AS `out` FROM `given` AS `t0`
