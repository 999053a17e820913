SELECT `t0`.`i`, DATE_ADD(`t0`.`a`, CAST(CAST(CAST(`t0`.`b` AS TINYINT) AS INT) * 7 AS INT)) AS `out` FROM `given` AS `t0`
