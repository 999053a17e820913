SELECT * FROM `left`
