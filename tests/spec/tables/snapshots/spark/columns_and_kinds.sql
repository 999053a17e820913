SELECT * FROM `left` AS `t0`
