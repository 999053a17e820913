SELECT `t0`.`i`, IF(`t0`.`a` <= 0, CAST(RAISE_ERROR('a logarithm of 0') AS DOUBLE), LN(`t0`.`a`)) AS `out` FROM `given` AS `t0`
