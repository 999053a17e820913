SELECT `t0`.`i`, `t0`.`a` RLIKE '^ab\\z' AS `out` FROM `given` AS `t0`
