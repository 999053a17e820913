SELECT `t0`.`i`, FALSE AS `out` FROM `given` AS `t0`
