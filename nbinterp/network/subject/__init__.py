"""The one door to a model: hooks, edited forward passes, remembered prefixes."""
