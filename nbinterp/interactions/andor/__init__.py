"""AND/OR interactions between the players of a game that a model plays."""
