"""Train a small network until its validation loss stops improving."""

from collections.abc import Callable

import torch
from torch import nn

from nbinterp._numerics.progress import progress_bar

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Pair = tuple[torch.Tensor, torch.Tensor]


def train(
    network: nn.Module,
    loss: Loss,
    training: Pair,
    validation: Pair,
    *,
    learning_rate: float,
    batch_size: int = 128,
    max_epochs: int = 30,
    patience: int = 10,
    seed: int = 0,
    desc: str = "train",
    progress: bool = True,
) -> float:
    """Train `network` with Adam until `patience` epochs bring no improvement; keep the best epoch.

    The learning rate falls to zero along a half cosine over `max_epochs`.

    Parameters
    ----------
    network : torch.nn.Module
        Ends in eval mode with the parameters of the epoch of lowest validation loss.
    loss : callable
        From outputs and targets to their mean loss.
    training, validation : pair of tensors
        Inputs and targets, on the device of the network.
    learning_rate : float
        The initial learning rate of Adam.
    batch_size, max_epochs, patience, seed : int
        Samples per step; largest number of epochs; epochs without improvement before stopping;
        the seed of the order of samples and of dropout.
    desc : str
        The title of the progress bar.
    progress : bool
        Whether to show progress for work that takes more than a second.

    Returns
    -------
    float
        The validation loss of the best epoch.
    """
    inputs, targets = training
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=max_epochs)
    best, best_state, best_epoch = float("inf"), _state(network), 0
    # Dropout draws from torch's global generator, which is restored afterwards.
    with (
        torch.random.fork_rng(),
        torch.enable_grad(),
        progress_bar(range(max_epochs), desc=desc, shown=progress) as epochs,
    ):
        torch.manual_seed(seed)
        for epoch in epochs:
            network.train()
            order = torch.randperm(len(inputs))
            for start in range(0, len(order), batch_size):
                rows = order[start : start + batch_size].to(inputs.device)
                if start > 0 and len(rows) == 1:
                    break  # BatchNorm cannot normalize a single sample
                optimizer.zero_grad()
                loss(network(inputs[rows]), targets[rows]).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            schedule.step()
            value = score(network, loss, validation)
            if value < best:
                best, best_epoch, best_state = value, epoch, _state(network)
            epochs.set_postfix(validation=f"{value:.5f}", best=f"{best:.5f}", refresh=False)
            if epoch - best_epoch >= patience:
                break
    network.load_state_dict(best_state)
    return score(network, loss, validation)


def score(network: nn.Module, loss: Loss, pair: Pair, batch_size: int = 8192) -> float:
    """Return the mean loss of `network` over a pair of tensors; it stays in eval mode."""
    network.eval()
    total = 0.0
    with torch.no_grad():
        for inputs, targets in zip(*(torch.split(part, batch_size) for part in pair), strict=True):
            total += float(loss(network(inputs), targets)) * len(inputs)
    return total / len(pair[0])


def _state(network: nn.Module) -> dict[str, torch.Tensor]:
    return {key: value.detach().clone() for key, value in network.state_dict().items()}
