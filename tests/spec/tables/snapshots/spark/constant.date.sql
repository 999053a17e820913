SELECT `t0`.`i`, CAST('0001-02-03' AS DATE) AS `out` FROM `given` AS `t0`
