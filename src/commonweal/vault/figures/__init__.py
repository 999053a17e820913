"""What the catalogue may say of patients, worked out in the vault: release 0 of a dataset (S22).

Figures are made of everybody whose choices let them be in. Only the signed paper
`papers.figures.CatalogueFigures` leaves; exact figures and who is behind them stay here, sealed.
"""
