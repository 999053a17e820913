SELECT `t0`.`g`, COUNT(*) AS `n` FROM `none` AS `t0` GROUP BY 1
