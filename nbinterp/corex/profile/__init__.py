"""What sets clusters of samples apart."""
