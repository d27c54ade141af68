"""The factor slider: move factors and watch the decoded input."""
