SELECT `t0`.`i`, (`t0`.`a` IS NULL) OR `t0`.`a` RLIKE '^[\\p{Z}\\p{Cc}\\p{Cf}\\x{890}-\\x{891}\\x{13439}-\\x{1343f}]*\\z' AS `out` FROM `given` AS `t0`
