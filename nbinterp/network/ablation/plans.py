"""Ways through a network whose nodes are silenced: one that is always right, and a shorter one."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp.network.ablation.masks import AblationMasks, Masked, Nested
from nbinterp.network.ablation.trailing_layers import tail
from nbinterp.network.subject.forward import EditedForward
from nbinterp.network.subject.hooks import evaluating, forward

# From some orders to the outputs (sizes * orders * b, n_outputs).
Run = Callable[[slice], torch.Tensor]


@dataclass(frozen=True)
class Direct:
    """Edits the output of the layer itself."""

    rest: EditedForward
    orders_at_once = 1

    @contextmanager
    def runs(self, silence: AblationMasks, batch: Any) -> Iterator[Run]:
        """Give what runs `batch` with all prefixes of some orders silenced."""
        edits = Masked(silence)
        with self.rest.fixed(batch):
            yield lambda orders: self.rest(batch, silence.n_edits(orders), partial(edits, orders))


@dataclass(frozen=True)
class FastPath:
    """Edits the output of the Linear, or of the BatchNorm after it, that alone reads the layer."""

    rest: EditedForward
    layer: nn.Module
    linear: nn.Linear
    norm: nn.BatchNorm1d | None
    parts: Sequence[nn.Module] = ()  # all that follows, if it is plain
    # The network may work on its input in each run: for more orders, then, of fewer samples.
    orders_at_once = 4

    @contextmanager
    def runs(self, silence: AblationMasks, batch: Any) -> Iterator[Run]:
        """Give what runs `batch` with all prefixes of some orders silenced."""
        columns = self.linear.weight.detach().T
        norm = self.norm
        if norm is not None and norm.running_var is not None:
            scale = (norm.running_var + norm.eps).rsqrt()
            columns = columns * (scale if norm.weight is None else scale * norm.weight.detach())
        with self.rest.fixed(batch) as known:
            edits = Nested(silence, columns.contiguous(), known[self.layer])
            if self.parts:
                yield partial(edits.through, output=known[self.rest.module], parts=self.parts)
            else:
                yield lambda orders: self.rest(
                    batch, silence.n_edits(orders), partial(edits, orders)
                )


AblationPlan = Direct | FastPath


def shortest(rest: EditedForward, batch: Any) -> AblationPlan:
    """Return the shortest way that gives what `rest` does."""
    readers = [] if rest.repeats else _readers(rest, batch)
    if len(readers) != 1:
        return Direct(rest)
    linear, norm = readers[0]
    edited = EditedForward(rest.model, rest.layer, norm or linear)
    short = FastPath(edited, rest.module, linear, norm)
    # Whether nothing else reads the layer shows when half of its nodes are silenced both ways.
    try:
        safe = _tried(Direct(rest), batch, linear)
        if not _agree(safe, short, batch):
            return Direct(rest)
    except RuntimeError:
        return Direct(rest)
    by_pieces = replace(short, parts=tail(rest.model, edited.module, batch))
    return by_pieces if by_pieces.parts and _agree(safe, by_pieces, batch) else short


def side_ways(way: AblationPlan, batch: Any, n_threads: int) -> list[AblationPlan]:
    """Return a way for each thread that gives what `way` does, or `way` alone.

    Modules are copied, since they may keep what they work on; parameters and buffers are not. The
    operations of a way that is not short are large enough to be shared by threads themselves.
    """
    if isinstance(way, Direct) or n_threads < 2:
        return [way]
    held = [*way.rest.model.parameters(), *way.rest.model.buffers()]
    own: Any = (way.rest.model, way.rest.module, way.layer, way.linear, way.norm, way.parts)
    ways: list[FastPath] = []
    try:
        safe = _tried(way, batch, way.linear)
        for _ in range(n_threads):
            model, module, *parts = copy.deepcopy(own, {id(tensor): tensor for tensor in held})
            ways.append(FastPath(EditedForward(model, way.rest.layer, module), *parts))
            # A forward that holds on to modules of the original would run these.
            if not _agree(safe, ways[-1], batch):
                return [way]
    except Exception:
        return [way]  # a model that cannot be copied
    return list(ways)


def _readers(rest: EditedForward, batch: Any) -> list[tuple[nn.Linear, nn.BatchNorm1d | None]]:
    """Return the Linears that read a layer of plain nodes, with the norm that reads them."""
    given: list[torch.Tensor] = []
    readers: list[tuple[nn.Linear, torch.Tensor]] = []
    norms: list[tuple[nn.BatchNorm1d, torch.Tensor]] = []

    def see(module: nn.Module, inputs: Any, output: Any) -> None:
        if module is rest.module and isinstance(output, torch.Tensor):
            given.append(output)
        if isinstance(module, nn.Linear) and given and inputs and inputs[0] is given[0]:
            readers.append((module, output))
        if isinstance(module, nn.BatchNorm1d) and module.running_var is not None:
            norms.extend((module, inputs[0]) for _, read in readers if inputs[0] is read)

    with evaluating(rest.model), ExitStack() as hooks:
        for part in rest.model.modules():
            hooks.callback(part.register_forward_hook(see).remove)
        forward(rest.model, batch)
    if not given or given[0].ndim != 2 or given[0].dtype.itemsize < 4:
        return []
    found = [[norm for norm, read in norms if read is output] for _, output in readers]
    pairs = zip(readers, found, strict=True)
    return [(linear, norm[0] if len(norm) == 1 else None) for (linear, _), norm in pairs]


def _tried(way: AblationPlan, batch: Any, linear: nn.Linear) -> torch.Tensor:
    """Return the outputs when half of the nodes that `linear` reads are silenced."""
    n_nodes = linear.in_features
    members = [np.array([node]) for node in range(n_nodes)]
    trial = AblationMasks(np.arange(n_nodes)[None], (max(1, n_nodes // 2),), members, None)
    with way.runs(trial, batch) as run:
        return run(slice(0, 1)).clone()


def _agree(safe: torch.Tensor, short: FastPath, batch: Any) -> bool:
    found = _tried(short, batch, short.linear)
    return found.shape == safe.shape and torch.allclose(
        found, safe, rtol=1e-3, atol=1e-3 * float(safe.abs().max())
    )
