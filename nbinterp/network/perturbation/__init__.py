"""Move activations along factors."""
