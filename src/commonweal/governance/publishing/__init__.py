"""What the public reads in somebody's own words: looked at by rule, then by a second person."""
