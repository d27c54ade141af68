import torch
from torch import nn

from nbinterp.datasets.train import round_to_half


def test_rounding_keeps_what_the_file_will_hold():
    network = nn.Linear(3, 2)
    before = network.weight.detach().clone()
    rounded = round_to_half(network).weight
    torch.testing.assert_close(rounded.detach(), before.half().float(), rtol=0, atol=0)
