SELECT `t0`.`id` AS `number`, `t0`.`key` FROM `left` AS `t0`
