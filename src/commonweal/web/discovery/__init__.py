"""The catalogue for people: what data are held, and in which forms they can be asked for."""
