SELECT `t0`.`i`, 'it\'s' AS `out` FROM `given` AS `t0`
