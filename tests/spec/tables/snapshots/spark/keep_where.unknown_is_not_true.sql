SELECT * FROM `left` AS `t0` WHERE `t0`.`key` <> 'a'
