SELECT `t0`.`i`, 'a\\n%_\'"`\n ${x}' AS `out` FROM `given` AS `t0`
