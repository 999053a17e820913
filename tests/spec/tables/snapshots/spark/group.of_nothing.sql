SELECT COUNT(*) AS `n`, MAX(`t1`.`n`) AS `most`, AVG(`t1`.`x`) AS `mean` FROM (SELECT * FROM `sales` AS `t0` WHERE FALSE) AS `t1`
