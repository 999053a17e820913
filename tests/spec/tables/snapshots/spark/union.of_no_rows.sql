SELECT * FROM `none` AS `t0` UNION ALL SELECT * FROM `none` AS `t0`
