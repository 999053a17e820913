SELECT `t0`.`i`, `t0`.`a` RLIKE '^a[^\\n]b\\z' AS `out` FROM `given` AS `t0`
