SELECT `t0`.`i`, SHA2(`t0`.`a`, 256) AS `out` FROM `given` AS `t0`
