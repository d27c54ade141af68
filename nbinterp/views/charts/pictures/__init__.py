"""Charts that hold images: factors of pixels, and the mean images of clusters."""
