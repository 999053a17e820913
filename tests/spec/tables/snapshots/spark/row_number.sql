SELECT `t0`.`id`, `t0`.`key`, (ROW_NUMBER() OVER (ORDER BY `t0`.`id` NULLS LAST, `t0`.`key` NULLS LAST) - 1) + 1 AS `place` FROM `left` AS `t0`
