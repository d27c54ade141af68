"""The papers' experiments, ours beside theirs: `make reproduce` writes docs/reproduction.md."""
