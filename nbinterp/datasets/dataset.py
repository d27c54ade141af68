"""What every loader of this package returns."""

from dataclasses import dataclass

from nbinterp._typing import AnyArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table of samples with what is known about its rows and columns.

    Parameters
    ----------
    data : ndarray of shape (n_samples, n_features)
        One sample a row, in the units that `description` names.
    target : ndarray of shape (n_samples,)
        What there is to predict of each sample.
    feature_names : tuple of str
        One name a column of `data`.
    image_shape : tuple of int or None
        How a row of `data` is laid out as an image; None where rows are not images.
    description : str
        What the data are, where they come from and under which licence.

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist
    >>> load_mnist()
    Dataset(data=(10000, 784) uint8, target=(10000,) int64, image_shape=(28, 28))
    """

    data: AnyArray
    target: AnyArray
    feature_names: tuple[str, ...]
    image_shape: tuple[int, ...] | None
    description: str

    def __repr__(self) -> str:
        """Return the shapes: the arrays themselves would fill the screen."""
        return (
            f"{type(self).__name__}(data={self.data.shape} {self.data.dtype}, "
            f"target={self.target.shape} {self.target.dtype}, image_shape={self.image_shape})"
        )
