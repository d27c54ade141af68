"""The type that all loaders return."""

from dataclasses import dataclass

from nbinterp._typing import AnyArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table of samples, with a target for each row and a name for each column.

    Parameters
    ----------
    data : ndarray of shape (n_samples, n_features)
        One sample per row, in the units that `description` names.
    target : ndarray of shape (n_samples,)
        The class or value to predict for each sample; functions of nbinterp take it as `y`.
    feature_names : tuple of str
        One name for each column of `data`.
    image_shape : tuple of int or None
        The shape of a row of `data` as an image; None if rows are not images.
    description : str
        What the data are, their source and their licence.

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
        """Return the shapes instead of the arrays."""
        return (
            f"{type(self).__name__}(data={self.data.shape} {self.data.dtype}, "
            f"target={self.target.shape} {self.target.dtype}, image_shape={self.image_shape})"
        )
