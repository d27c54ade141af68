"""Turn any data a network accepts into batches."""
