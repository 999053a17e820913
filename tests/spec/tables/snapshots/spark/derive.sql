SELECT `t0`.`id`, `t0`.`id` AS `key` FROM `left` AS `t0`
