SELECT `t0`.`word`, `t0`.`key` FROM `right` AS `t0`
