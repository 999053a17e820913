SELECT `t0`.`i`, CONCAT(CONCAT(`t0`.`a`, `t0`.`b`), `t0`.`c`) AS `out` FROM `given` AS `t0`
