SELECT `t0`.`i`, COALESCE(`t0`.`a`, `t0`.`b`, `t0`.`c`) AS `out` FROM `given` AS `t0`
