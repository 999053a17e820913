SELECT `t2`.`id`, `t2`.`key` FROM `left` AS `t2` LEFT ANTI JOIN `right` AS `t3` ON `t2`.`key` = `t3`.`key`
