SELECT * FROM `left` AS `t0` UNION ALL SELECT * FROM `left` AS `t0`
