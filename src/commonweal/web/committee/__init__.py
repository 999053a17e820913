"""The committee: declarations, ballots, votes, and the decision."""
