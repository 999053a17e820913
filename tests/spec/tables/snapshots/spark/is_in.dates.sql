SELECT `t0`.`i`, `t0`.`a` IN (CAST('2024-02-29' AS DATE)) AS `out` FROM `given` AS `t0`
