"""Read the pixels of still pictures, for tests."""

import io

import numpy as np
from PIL import Image


def opened(png):
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def pixels(png):
    return np.asarray(opened(png).convert("RGB")).astype(int)


def near(image, colour, reach=40):
    """Where an image has about this colour."""
    return np.abs(image - np.array(colour)).max(axis=-1) <= reach
