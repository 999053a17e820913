SELECT `t0`.`id`, LAG(`t0`.`id`, 1) OVER (PARTITION BY `t0`.`key` ORDER BY `t0`.`id` ASC NULLS LAST) AS `before` FROM `left` AS `t0`
