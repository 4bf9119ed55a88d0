"""Judge cards: consistency, biases, and agreement with people and other judges."""
