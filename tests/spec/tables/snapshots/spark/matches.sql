SELECT `t0`.`i`, `t0`.`a` RLIKE '^a[^\\n]c\\z' AS `out` FROM `given` AS `t0`
