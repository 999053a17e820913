SELECT `t0`.`w`, (ROW_NUMBER() OVER (ORDER BY `t0`.`w` ASC NULLS LAST) - 1) + 1 AS `place` FROM `words` AS `t0`
