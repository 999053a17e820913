SELECT `t0`.`g`, COUNT_IF(`t0`.`n` > CAST(NULL AS BIGINT)) AS `n` FROM `some` AS `t0` GROUP BY 1
