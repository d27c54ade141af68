"""Which axis of a layer's activations counts its nodes: channels first, or features last.

A shape does not tell: (16, 60) may be 16 channels of 60 time steps, or 16 tokens of 60 features.
The module that made the activations does.
"""

from typing import NamedTuple

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.dropout import _DropoutNd

from nbinterp.network.recording.nodes import channel_axis

_POOLING = nn.MaxPool1d.__module__
_ACTIVATIONS = nn.ReLU.__module__
_OF_MAPS = (
    nn.PixelShuffle,
    nn.PixelUnshuffle,
    nn.Upsample,
    nn.ChannelShuffle,
    nn.LocalResponseNorm,
)
# The attribute that says how many nodes a module returns, which is how a later axis is recognized.
_FIRST = ((_ConvNd, "out_channels"), (_NormBase, "num_features"), (nn.GroupNorm, "num_channels"))
_LAST = (
    (nn.Linear, "out_features"),
    (nn.Bilinear, "out_features"),
    (nn.Embedding, "embedding_dim"),
    (nn.EmbeddingBag, "embedding_dim"),
    (nn.MultiheadAttention, "embed_dim"),
)


class Channels(NamedTuple):
    """What a module says of the nodes that it returns.

    Attributes
    ----------
    first : bool
        Whether they are counted by the first axis of a sample's activations, not by the last.
    size : int
        How many there are; 0 if it does not say.
    sure : bool
        False where it follows from the order in which modules were registered.
    """

    first: bool
    size: int = 0
    sure: bool = True


def channels_of(model: nn.Module, layer: str) -> Channels | None:
    """Return what the module called `layer` says of its nodes; None if it says nothing.

    Of a container its last module speaks, and of a module that keeps the shape of its input, such
    as a ReLU, the module before it.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv1d(3, 16, 5), nn.ReLU(), nn.Flatten(), nn.Linear(960, 4))
    >>> channels_of(model, "1")
    Channels(first=True, size=16, sure=True)
    """
    known = dict(model.named_modules(remove_duplicate=False))
    name = layer if layer in known else layer.rpartition("#")[0]  # of a call: "act#2"
    found = _said(known, name)
    return found._replace(sure=found.sure and name == layer) if found else None


def node_axis(channels: Channels | None, shape: tuple[int, ...]) -> tuple[int, bool]:
    """Return the axis of a sample's activations that counts nodes, and whether that is sure.

    What `channels` say counts unless no such number of nodes is on that axis; a guess by the shape
    is the last resort.

    Examples
    --------
    >>> conv = Channels(first=True, size=16)
    >>> node_axis(conv, (16, 60)), node_axis(conv, (60, 16)), node_axis(None, (16, 60))
    ((0, True), (1, False), (1, False))
    """
    if len(shape) < 2:
        return 0, True
    if channels is None:
        return channel_axis(shape), False
    axis = 0 if channels.first else len(shape) - 1
    if channels.size in (0, shape[axis]):
        return axis, channels.sure
    same = [place for place, side in enumerate(shape) if side == channels.size]
    return (same[0] if len(same) == 1 else channel_axis(shape)), False


def _said(known: dict[str, nn.Module], name: str) -> Channels | None:
    module = known[name]
    for is_first, kinds in ((True, _FIRST), (False, _LAST)):
        for kind, attribute in kinds:
            if isinstance(module, kind):
                return Channels(is_first, int(getattr(module, attribute)))
    if isinstance(module, nn.RNNBase):
        both = 2 if module.bidirectional else 1
        return Channels(False, both * (module.proj_size or module.hidden_size))
    if isinstance(module, nn.LayerNorm | nn.RMSNorm):
        sides = module.normalized_shape
        return Channels(False, int(sides[0])) if len(sides) == 1 else None
    if type(module).__module__ == _POOLING or isinstance(module, _OF_MAPS):
        before = _before(known, name)
        same = before is not None and before.first and type(module).__module__ == _POOLING
        return Channels(True, before.size if before and same else 0)
    if isinstance(module, _DropoutNd | nn.Identity) or type(module).__module__ == _ACTIVATIONS:
        return _before(known, name)
    children = list(module._modules)
    if not children:
        return None
    found = _said(known, f"{name}.{children[-1]}" if name else children[-1])
    return _less_sure(found, module)


def _before(known: dict[str, nn.Module], name: str) -> Channels | None:
    """Return what the module registered before `name` says."""
    if not name:
        return None
    parent, _, own = name.rpartition(".")
    siblings = list(known[parent]._modules)
    place = siblings.index(own)
    if not place:
        return _before(known, parent) if isinstance(known[parent], nn.Sequential) else None
    sibling = siblings[place - 1]
    return _less_sure(_said(known, f"{parent}.{sibling}" if parent else sibling), known[parent])


def _less_sure(found: Channels | None, parent: nn.Module) -> Channels | None:
    """Return `found`, sure only if `parent` runs its modules in their order."""
    if found is None or isinstance(parent, nn.Sequential):
        return found
    return found._replace(sure=False)
