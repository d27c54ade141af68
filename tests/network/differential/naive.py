"""What each function says of a network, by plain forward passes with one plain hook."""

import copy
from contextlib import contextmanager

import numpy as np
import torch


def first_of(output):
    """Return the first tensor of an output."""
    if isinstance(output, dict):
        return next(iter(output.values()))
    return output[0] if isinstance(output, tuple | list) else output


def _withfirst_of(output, tensor):
    if isinstance(output, dict):
        return {**output, next(iter(output)): tensor}
    return (tensor, *output[1:]) if isinstance(output, tuple) else tensor


@contextmanager
def evaluating(model):
    """Put the model in eval mode, and every module back into its own mode."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


class Naive:
    """Runs a copy of a world's model, with edits of the layer's output in one plain hook."""

    def __init__(self, world):
        self.model = copy.deepcopy(world.model) if not world.compiled else world.model
        self.module = self.model.get_submodule(world.layer)
        self.data = world.data
        self.dtype = next(self.model.parameters()).dtype
        self.activations, self.outputs = self.run(lambda activation: activation)
        self.shape = tuple(self.activations.shape[1:])

    def rows(self, rows):
        """Return samples as a batch."""
        data = self.data if isinstance(self.data, dict) else {"": self.data}
        batch = {key: torch.tensor(value[rows]) for key, value in data.items()}
        batch = {
            key: value.to(self.dtype) if value.is_floating_point() else value
            for key, value in batch.items()
        }
        return batch if isinstance(self.data, dict) else batch[""]

    def run(self, edit, rows=slice(None), gradients=False):
        """Return the activations as edited, and the outputs."""
        found = []

        def hook(_module, _inputs, output):
            found.append(edit(first_of(output).clone()))
            return _withfirst_of(output, found[-1] * 1)  # of this pass, if there are several

        batch = self.rows(rows)
        handle = self.module.register_forward_hook(hook)
        try:
            with evaluating(self.model), torch.set_grad_enabled(gradients):
                output = self.model(**batch) if isinstance(batch, dict) else self.model(batch)
        finally:
            handle.remove()
        return found[0], first_of(output)

    def reaches(self):
        """Return whether large edits change the outputs of any sample."""
        edits = (torch.zeros_like, lambda a: a * -10 + 1, lambda a: a + 10 * a.abs().max() + 1)
        return any(not torch.allclose(self.run(edit)[1], self.outputs) for edit in edits)

    def ablated(self, columns, by_mean=False):
        """Return the outputs with columns of the flat activations at 0, or at their means."""
        means = self.activations.reshape(len(self.activations), -1).double().mean(dim=0)

        def ablate(activation):
            flat = activation.reshape(len(activation), -1)
            flat[:, columns] = means[columns].to(flat) if by_mean else 0
            return flat.reshape(activation.shape)

        return self.run(ablate)[1]

    def moved(self, row, moves):
        """Return the outputs of one sample with each of `moves` (steps, nodes) added."""
        base = self.activations[row].reshape(1, -1).double()
        rows = (base + torch.as_tensor(moves)).to(self.dtype).reshape(len(moves), *self.shape)
        return self.run(lambda _: rows, [row] * len(moves))[1]

    def slopes(self, output):
        """Return the mean gradient of an output for the flat activations of the first samples."""
        leaf = []

        def track(activation):
            leaf.append(activation.detach().requires_grad_())
            return leaf[0]

        logits = self.run(track, slice(0, 10), gradients=True)[1]
        (found,) = torch.autograd.grad(logits[:, output].sum(), leaf)
        return found.reshape(len(found), -1).double().sum(dim=0).numpy()

    def own_outputs(self):
        """Return the outputs of the layer before any hook changes them."""
        found = []
        handle = self.module.register_forward_hook(
            lambda _module, _inputs, output: found.append(output.clone()), prepend=True
        )
        self.run(lambda activation: activation)
        handle.remove()
        return found[0]

    def input_gradients(self, rows):
        """Return the gradients of an output for the samples; raise where there are none."""
        leaf = self.rows(rows).requires_grad_()
        with evaluating(self.model):
            output = first_of(self.model(leaf))
        (found,) = torch.autograd.grad(output[:, 1].sum(), leaf)
        return found

    def scores(self, outputs):
        """Return agreement with the unedited outputs, and the KL divergence from them."""
        before, after = self.outputs.double(), outputs.double()
        known, found = before.log_softmax(dim=1), after.log_softmax(dim=1)
        same = (after.argmax(dim=1) == before.argmax(dim=1)).double().mean()
        return np.array([float(same), float((known.exp() * (known - found)).sum(1).mean())])
