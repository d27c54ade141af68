"""What shifting and scaling the pre-activations of a layer costs."""
