"""Small networks and the patches they are explained by."""

import numpy as np
import torch

from reproduction.primitives.networks import Images, accuracy, inky_patches, trained


def images(n: int = 300) -> Images:
    """Return images whose first pixel alone tells a 3 from others."""
    pixels = 0.1 * torch.rand(n, 784, generator=torch.Generator().manual_seed(0))
    digits = torch.arange(n) % 10
    pixels[:, 0] = torch.where(digits == 3, 5.0, -5.0)
    return Images(pixels, digits, pixels, digits)


def test_networks_learn_and_leave_the_generator_alone() -> None:
    few = images()
    state = torch.get_rng_state()
    network = trained((8,), 3, 0, few, 20)
    assert torch.equal(state, torch.get_rng_state())
    assert not network.training
    assert accuracy(network, 3, few) > 0.95
    again = trained((8,), 3, 0, few, 20)
    assert torch.equal(network(few.pixels), again(few.pixels))


def test_a_convolutional_network_takes_the_same_rows() -> None:
    few = images(70)
    assert trained("convolutional", 3, 0, few, 1)(few.pixels).shape == (70,)


def test_players_are_the_patches_with_ink_from_top_to_bottom() -> None:
    page = torch.zeros(2, 28, 28)
    for image, columns in enumerate(([0, 3, 6, 9], [12, 15, 18, 21])):
        for column in columns:
            page[image, 6:9, column : column + 3] = 1.0
            page[image, 12:15, column : column + 3] = 2.0
    players = inky_patches(page.flatten(1))
    assert players.count == 8
    masks = np.asarray(players.mask).reshape(2, 28, 28)
    assert [masks[0, 6, c] for c in (0, 3, 6, 9)] == [0, 1, 2, 3]
    assert [masks[1, 14, c] for c in (12, 15, 18, 21)] == [4, 5, 6, 7]
    assert (masks >= 0).sum() == 2 * 8 * 9
    assert (masks[0] == -1).sum() == 784 - 72


def test_together_all_images_have_the_same_players() -> None:
    page = torch.rand(3, 784, generator=torch.Generator().manual_seed(0))
    mask = np.asarray(inky_patches(page, together=True).mask)
    assert mask.shape == (784,)
