SELECT `t0`.`i`, CAST(DATE_TRUNC('hour', `t0`.`a`) AS TIMESTAMP) AS `out` FROM `given` AS `t0`
