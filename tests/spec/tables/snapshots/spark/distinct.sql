SELECT DISTINCT `t0`.`key` FROM `left` AS `t0`
