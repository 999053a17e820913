SELECT `t2`.`key`, `t4`.`right__id` AS `id` FROM `left` AS `t2` INNER JOIN (SELECT `t1`.`key` AS `right__key`, `t1`.`id` AS `right__id` FROM `right` AS `t1`) AS `t4` ON `t2`.`key` = `t4`.`right__key`
