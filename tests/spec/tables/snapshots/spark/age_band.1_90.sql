SELECT `t0`.`i`, IF(`t0`.`a` >= 0, IF(`t0`.`a` >= 90, '90+', CAST(`t0`.`a` - (((`t0`.`a` % 1) + 1) % 1) AS STRING)), CAST(NULL AS STRING)) AS `out` FROM `given` AS `t0`
