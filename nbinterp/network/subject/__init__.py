"""The one door to a model: read its layers, run it, edit its forward pass, restore it."""
