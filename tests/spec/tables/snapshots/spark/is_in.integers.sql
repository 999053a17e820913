SELECT `t0`.`i`, `t0`.`a` IN (1, CAST(1099511627776 AS BIGINT)) AS `out` FROM `given` AS `t0`
