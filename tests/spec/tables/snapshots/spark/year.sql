SELECT `t0`.`i`, CAST(EXTRACT(year FROM `t0`.`a`) AS BIGINT) AS `out` FROM `given` AS `t0`
