SELECT `t2`.`id`, `t2`.`key`, `t4`.`most` FROM `left` AS `t2` CROSS JOIN (SELECT MAX(`t1`.`id`) AS `most` FROM `right` AS `t1`) AS `t4`
