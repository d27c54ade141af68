"""Inside a network: record its layers, decode them."""

from nbinterp.network.decoder import Decoder
from nbinterp.network.record import Recording, record

__all__ = ["Decoder", "Recording", "record"]
