SELECT `t0`.`i`, CAST(LENGTH(`t0`.`a`) AS BIGINT) AS `out` FROM `given` AS `t0`
