SELECT `t0`.`c`, LAG(`t0`.`c`, 1) OVER (PARTITION BY `t0`.`g` ORDER BY `t0`.`n` ASC NULLS LAST) AS `before` FROM `some` AS `t0`
