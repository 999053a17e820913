SELECT `t0`.`i`, DATEDIFF(DAY, `t0`.`b`, `t0`.`a`) AS `out` FROM `given` AS `t0`
