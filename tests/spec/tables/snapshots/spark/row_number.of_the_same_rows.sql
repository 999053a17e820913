SELECT `t1`.`n` FROM (SELECT `t0`.`a`, (ROW_NUMBER() OVER (ORDER BY `t0`.`a` NULLS LAST) - 1) + 1 AS `n` FROM `given` AS `t0`) AS `t1`
