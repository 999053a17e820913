SELECT `t0`.`i`, DATE_ADD(`t0`.`a`, CAST(`t0`.`b` * 7 AS INT)) AS `out` FROM `given` AS `t0`
