SELECT `t0`.`i`, CAST(NULL AS DATE) AS `out` FROM `given` AS `t0`
