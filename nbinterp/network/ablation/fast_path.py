"""The fast path of ablations: update the Linear behind the layer instead of computing it anew.

Where one Linear alone reads a layer, to ablate some more nodes changes its output by the product of
these nodes and their columns of the weight. If only plain modules follow, they run piece by piece
on what is in the processor's cache. A plan is tried against `Direct` before it is taken;
`nbinterp.network.fast_paths` switches it off.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _device
from nbinterp.network.ablation.masks import AblationMasks, Direct, Run
from nbinterp.network.subject.fast_paths import fast_paths_enabled
from nbinterp.network.subject.forward import EditedForward
from nbinterp.network.subject.hooks import observe
from nbinterp.network.subject.model import eval_mode, forward

# Modules that treat each row by itself, and read and keep nothing else.
_PLAIN = (
    nn.Linear,
    nn.BatchNorm1d,
    nn.LayerNorm,
    nn.Dropout,
    nn.Identity,
    nn.ReLU,
    nn.LeakyReLU,
    nn.ELU,
    nn.GELU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Tanh,
    nn.Softplus,
)
# The largest tensor while a piece runs: it stays in a processor's cache.
_PIECE_BYTES = 2**20
# A Linear with fewer outputs is several times as fast as weights times columns of samples.
_NARROW = 32


@dataclass(frozen=True)
class FastPath:
    """Edits the output of the one Linear that reads the layer, or of the BatchNorm after it."""

    forward: EditedForward  # of the Linear or the BatchNorm
    layer: nn.Module
    linear: nn.Linear
    norm: nn.BatchNorm1d | None
    trailing: Sequence[nn.Module] = ()  # all modules that follow, if they are plain
    # The network may prepare its input in each run: take fewer samples and more orders.
    orders_at_once = 4

    @contextmanager
    def runs(self, masks: AblationMasks, batch: Any) -> Iterator[Run]:
        """Yield a function that runs `batch` with the nodes of some orders ablated."""
        columns = self.linear.weight.detach().T
        norm = self.norm
        if norm is not None and norm.running_var is not None:
            scale = (norm.running_var + norm.eps).rsqrt()
            columns = columns * (scale if norm.weight is None else scale * norm.weight.detach())
        with self.forward.prepared(batch) as known:
            edits = _NestedEdits(masks, columns.contiguous(), known[self.layer])
            if self.trailing:
                output = known[self.forward.module]
                yield partial(edits.through, output=output, trailing=self.trailing)
            else:
                yield lambda orders: self.forward(
                    batch, masks.n_edits(orders), partial(edits, orders)
                )


AblationPlan = Direct | FastPath


class _NestedEdits:
    """The output of an affine map as more and more of its inputs are ablated.

    From one size to the next, the contribution of the newly ablated nodes is subtracted.

    Parameters
    ----------
    masks : AblationMasks
        The nodes to ablate.
    columns : tensor of shape (n_nodes, n_outputs)
        The contribution of one unit of each node.
    activation : tensor of shape (b, n_nodes)
        The nodes' activations for the one batch of these edits.
    """

    def __init__(
        self, masks: AblationMasks, columns: torch.Tensor, activation: torch.Tensor
    ) -> None:
        fill = 0 if masks.fill is None else masks.fill.to(activation)
        self.sizes, self.columns = masks.sizes, columns
        self.orders = torch.as_tensor(masks.orders, device=columns.device)
        self.lost = (activation - fill).T.contiguous()  # (n_nodes, b)
        self.steps: torch.Tensor | None = None

    def __call__(self, orders: slice, output: torch.Tensor, _inputs: Any) -> torch.Tensor:
        """Return the edits of `output`, (sizes * orders * b, n_outputs), until the next call."""
        block = self.orders[orders]
        shape = (len(self.sizes), len(block), *output.shape)
        # Always the same memory: new pages cost more than the products that fill them.
        if self.steps is None or self.steps.shape != shape:
            self.steps = output.new_empty(shape)
        current = output.expand(len(block), *output.shape)
        lost = _rows(self.lost, block).transpose(1, 2)
        columns = _rows(self.columns, block)
        for step, (start, stop) in enumerate(pairwise((0, *self.sizes))):
            left, right = lost[:, :, start:stop], columns[:, start:stop]
            current = torch.baddbmm(current, left, right, alpha=-1, out=self.steps[step])
        return self.steps.reshape(-1, output.shape[1])

    def through(
        self, orders: slice, output: torch.Tensor, trailing: Sequence[nn.Module]
    ) -> torch.Tensor:
        """Return the outputs of the `trailing` modules for the edits, (sizes * orders * b, n)."""
        block = self.orders[orders]
        rows, n_last = _rows_per_piece(trailing, output), _widths(trailing, output.shape[1])[-1]
        n_samples, n_orders = min(rows, len(output)), max(1, rows // len(output))
        answers = output.new_empty((len(self.sizes), len(block), len(output), n_last))
        for first in range(0, len(block), n_orders):
            some = slice(first, first + n_orders)
            columns = _rows(self.columns, block[some])
            for begin in range(0, len(output), n_samples):
                piece = slice(begin, begin + n_samples)
                lost = _rows(self.lost[:, piece], block[some]).transpose(1, 2)
                current = output[piece].repeat(len(columns), 1, 1)
                for step, (start, stop) in enumerate(pairwise((0, *self.sizes))):
                    left, right = lost[:, :, start:stop], columns[:, start:stop]
                    current.baddbmm_(left, right, alpha=-1)
                    answer = _run_trailing(trailing, current.flatten(0, 1))
                    answers[step, some, piece] = answer.view(len(columns), -1, n_last)
        return answers.flatten(0, 2)


def fastest_plan(edited: EditedForward, batch: Any) -> AblationPlan:
    """Return the fastest plan that gives the same as `Direct`."""
    readers = [] if edited.repeats or not fast_paths_enabled() else _readers(edited, batch)
    if len(readers) != 1:
        return Direct(edited)
    linear, norm = readers[0]
    behind = EditedForward(edited.model, edited.layer, norm or linear)
    fast = FastPath(behind, edited.module, linear, norm)
    # If something else reads the layer, the outputs differ when half of its nodes are ablated.
    try:
        expected = _half_ablated(Direct(edited), batch, linear)
        if not _agree(expected, fast, batch):
            return Direct(edited)
    except RuntimeError:
        return Direct(edited)
    by_pieces = replace(fast, trailing=trailing_layers(edited.model, behind.module, batch))
    return by_pieces if by_pieces.trailing and _agree(expected, by_pieces, batch) else fast


def plan_per_thread(plan: AblationPlan, batch: Any, n_threads: int) -> list[AblationPlan]:
    """Return a plan for each thread that gives the same as `plan`, or `plan` alone.

    Modules are copied, since they may keep intermediate results; parameters and buffers are shared.
    The operations of `Direct` are large enough for torch to share them between threads.
    """
    if isinstance(plan, Direct) or n_threads < 2:
        return [plan]
    model = plan.forward.model
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    own: Any = (model, plan.forward.module, plan.layer, plan.linear, plan.norm, plan.trailing)
    plans: list[FastPath] = []
    try:
        expected = _half_ablated(plan, batch, plan.linear)
        for _ in range(n_threads):
            copied, module, *rest = copy.deepcopy(own, dict(shared))
            plans.append(FastPath(EditedForward(copied, plan.forward.layer, module), *rest))
            # A forward that refers to modules of the original would run these.
            if not _agree(expected, plans[-1], batch):
                return [plan]
    except Exception:
        return [plan]  # a model that cannot be copied
    return list(plans)


def trailing_layers(model: nn.Module, module: nn.Module, batch: Any) -> Sequence[nn.Module]:
    """Return the plain modules from the output of `module` to that of `model`; else none."""
    last: Any = None
    found: list[nn.Module] = []

    def see(part: nn.Module, inputs: Any, output: Any) -> None:
        nonlocal last
        if part is module:
            last = output
        elif last is not None and len(inputs) == 1 and inputs[0] is last and _is_plain(part):
            found.append(part)
            last = output

    leaves = [part for part in model.modules() if not list(part.children())]
    with eval_mode(model), observe(leaves, see):
        whole = forward(model, batch)
    return found if whole is last and whole.ndim == 2 else ()


def _is_plain(part: nn.Module) -> bool:
    hooked = len(part._forward_hooks) > 1 or part._forward_pre_hooks  # one hook is our own
    running = not isinstance(part, nn.BatchNorm1d) or part.running_var is not None
    return type(part) in _PLAIN and not hooked and running and "forward" not in vars(part)


def _readers(edited: EditedForward, batch: Any) -> list[tuple[nn.Linear, nn.BatchNorm1d | None]]:
    """Return the Linears that read a layer of plain nodes, each with the norm that reads it."""
    given: list[torch.Tensor] = []
    readers: list[tuple[nn.Linear, torch.Tensor]] = []
    norms: list[tuple[nn.BatchNorm1d, torch.Tensor]] = []

    def see(module: nn.Module, inputs: Any, output: Any) -> None:
        if module is edited.module and isinstance(output, torch.Tensor):
            given.append(output)
        if isinstance(module, nn.Linear) and given and inputs and inputs[0] is given[0]:
            readers.append((module, output))
        if isinstance(module, nn.BatchNorm1d) and module.running_var is not None:
            norms.extend((module, inputs[0]) for _, read in readers if inputs[0] is read)

    with eval_mode(edited.model), observe(edited.model.modules(), see):
        forward(edited.model, batch)
    if not given or given[0].ndim != 2 or given[0].dtype.itemsize < 4:
        return []
    found = [[norm for norm, read in norms if read is output] for _, output in readers]
    pairs = zip(readers, found, strict=True)
    return [(linear, norm[0] if len(norm) == 1 else None) for (linear, _), norm in pairs]


def _half_ablated(plan: AblationPlan, batch: Any, linear: nn.Linear) -> torch.Tensor:
    """Return the outputs when half of the nodes that `linear` reads are ablated."""
    n_nodes = linear.in_features
    positions = [np.array([node]) for node in range(n_nodes)]
    trial = AblationMasks(np.arange(n_nodes)[None], (max(1, n_nodes // 2),), positions, None)
    with plan.runs(trial, batch) as run:
        return run(slice(0, 1)).clone()


def _agree(expected: torch.Tensor, fast: FastPath, batch: Any) -> bool:
    found = _half_ablated(fast, batch, fast.linear)
    return found.shape == expected.shape and torch.allclose(
        found, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max())
    )


def _run_trailing(trailing: Sequence[nn.Module], rows: torch.Tensor) -> torch.Tensor:
    """Return the output of plain modules for `rows` (b, n), which are not changed."""
    for part in trailing:
        if isinstance(part, nn.Dropout | nn.Identity):
            continue
        if isinstance(part, nn.Linear) and part.out_features < _NARROW and part.bias is not None:
            rows = torch.addmm(part.bias[:, None], part.weight, rows.T).T
            continue
        rows = part(rows.clone() if getattr(part, "inplace", False) else rows)
    return rows


def _widths(trailing: Sequence[nn.Module], n: int) -> list[int]:
    """Return how many numbers a row has before the plain modules and after each Linear."""
    return [n, *(part.out_features for part in trailing if isinstance(part, nn.Linear))]


def _rows_per_piece(trailing: Sequence[nn.Module], example: torch.Tensor) -> int:
    """Return how many rows like those of `example` (b, n) make a piece."""
    per_row = max(_widths(trailing, example.shape[1])) * example.element_size()
    step = _device.rows_per_block(example.device, 4 * per_row)
    return max(1, min(step, _PIECE_BYTES // per_row)) if example.device.type == "cpu" else step


def _rows(values: torch.Tensor, block: torch.Tensor) -> torch.Tensor:
    # `values[block]` picks rows one by one, which takes many times as long.
    return values.index_select(0, block.reshape(-1)).view(*block.shape, values.shape[1])
