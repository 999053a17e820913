SELECT `t0`.`g`, COUNT(*) AS `n`, SUM(`t0`.`n`) AS `total`, SUM(`t0`.`x`) AS `sum`, BIT_OR(`t0`.`n`) AS `bits`, MIN(`t0`.`c`) AS `first` FROM `some` AS `t0` GROUP BY 1
