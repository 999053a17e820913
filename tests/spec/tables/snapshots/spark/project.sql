SELECT `t0`.`key` AS `x` FROM `left` AS `t0`
