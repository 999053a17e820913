SELECT DISTINCT `t0`.`g` FROM `some` AS `t0`
