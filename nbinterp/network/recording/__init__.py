"""Record layer activations."""
