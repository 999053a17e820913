SELECT * FROM "left"
