"""Tables about a layer: one row per node, per node and cluster, and per figure of the layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from nbinterp._numerics.moments import Moments
from nbinterp._typing import AnyArray, BoolArray, FloatArray
from nbinterp.distance.construct.implied import LayerGaussian
from nbinterp.distance.layer.components import Components, percentile
from nbinterp.distance.layer.hyperplanes import Hyperplanes, partners, ratio


def cluster_table(
    names: Sequence[str],
    clusters: Sequence[Any],
    planes: Hyperplanes,
    means: FloatArray,
    moments: Moments,
    positive: Moments,
    share: float,
    ridge: float,
) -> pd.DataFrame:
    """Return a row for each node and cluster; `means` (n_clusters, n_features) are of the inputs.

    A cluster's variance is shrunk towards the mean variance within clusters. The share grows from
    `share` as the cluster gets smaller, since the formulas' shares fall with one over the number of
    rows. A cluster of one row has no variance of its own and takes that of the others.
    """
    counts = moments.count.cpu().numpy()[:, None]
    own = moments.variance.cpu().numpy()
    within = (own * counts).sum(0) / counts.sum()
    within = np.where(within > planes.floor, within, planes.unit_ratio)
    drawn = np.minimum(share * counts.sum() / counts, 1.0)
    drawn = np.where(counts < 2, 1.0, drawn)
    level = ridge * np.trace(planes.covariance) / len(planes.covariance) * planes.length**2
    variance = (1.0 - drawn) * own + drawn * within + level
    variance = np.where(variance > planes.floor, variance, 0.0)
    centre = means @ planes.weight.T + planes.bias
    offset = ratio(centre, np.sqrt(variance))
    skewness, kurtosis = moments.shape(planes.floor)
    typical = ratio(np.sqrt(centre**2 + own), planes.deviation)
    nearest = _nearest(abs(offset), typical) & (planes.unit_ratio > 0.0)

    def flat(values: Any) -> AnyArray:
        array = np.asarray(values.cpu() if hasattr(values, "cpu") else values)
        return np.broadcast_to(array, offset.shape).T.ravel()

    labels = np.empty(len(clusters), object)
    labels[:] = list(clusters)
    return pd.DataFrame(
        {
            "node": np.repeat(np.asarray(names, object), len(clusters)),
            "cluster": pd.Series(np.tile(labels, len(names))).infer_objects(),
            "n_rows": flat(counts).astype(np.int64),
            "offset": flat(offset),
            "distance": flat(abs(offset)),
            "centre": flat(centre),
            "deviation": flat(np.sqrt(variance)),
            "typical_distance": flat(typical),
            "share_positive": flat(positive.mean),
            "skewness": flat(skewness),
            "excess_kurtosis": flat(kurtosis),
            "prototype": flat(nearest),
        }
    )


def _nearest(distance: FloatArray, typical: FloatArray) -> BoolArray:
    """Return which cluster (n_clusters, n_nodes) is nearest to each node.

    If the means of several are equally near, take the one whose rows are nearest: a hyperplane
    through the means of two clusters may contain all of one of them, as in XOR.
    """
    is_near = distance <= distance.min(0) + 1e-9
    best = np.where(is_near, typical, np.inf).argmin(0)
    result: BoolArray = best == np.arange(len(distance))[:, None]
    return result


def node_table(
    names: Sequence[str],
    planes: Hyperplanes,
    moments: Moments,
    positive: Moments,
    components: Components,
    clusters: pd.DataFrame,
    n_random: int,
    seed: np.random.RandomState,
) -> pd.DataFrame:
    """Return a row for each node; `clusters` is the table of nodes and clusters."""
    pooled = moments.pooled()
    above_zero = positive.pooled().mean[0].cpu().numpy()
    skewness, kurtosis = pooled.shape(planes.floor)
    aligned = components.align(planes.weight)
    null = components.align_random(n_random, seed)
    partner = partners(planes)
    label = np.append(np.asarray(names, object), "")  # -1 takes the last
    # As objects, so that integer clusters stay integers where a node has none.
    nearest = clusters.astype({"cluster": object})[clusters["prototype"]]
    nearest = nearest.set_index("node").reindex(list(names))
    state = np.select(
        [planes.unit_ratio == 0.0, above_zero == 0.0, above_zero == 1.0],
        ["constant", "dead", "always on"],
        "live",
    )
    has_plane = planes.unit_ratio > 0.0
    return pd.DataFrame(
        {
            "plane_offset": planes.offset,
            "unit_ratio": planes.unit_ratio,
            "implied_variance": planes.implied_variance,
            "actual_variance": planes.actual_variance,
            "euclidean_distance": ratio(abs(planes.centre), planes.length),
            "centre": planes.centre,
            "deviation": planes.deviation,
            "share_positive": above_zero,
            "skewness": skewness[0].cpu().numpy(),
            "excess_kurtosis": kurtosis[0].cpu().numpy(),
            "prototype": nearest["cluster"].where(has_plane, "").to_numpy(),
            "prototype_offset": nearest["offset"].where(has_plane, planes.offset).to_numpy(),
            "component": aligned.component,
            "component_cosine": aligned.cosine,
            "cosine_percentile": percentile(aligned.cosine, null.cosine),
            "effective_components": aligned.effective,
            # A small number is unlikely by chance, so a high percentile means concentrated.
            "concentration_percentile": np.where(
                has_plane, percentile(-aligned.effective, -null.effective), 0.0
            ),
            "mirror": label[partner.mirror],
            "duplicate": label[partner.duplicate],
            "most_opposite": partner.most_opposite,
            "state": state,
        },
        index=pd.Index(names, name="node"),
    )


def layer_table(
    counted: dict[str, int],
    planes: Hyperplanes,
    components: Components,
    gaussian: LayerGaussian,
    nodes: pd.DataFrame,
    share: float,
    seed: np.random.RandomState,
) -> pd.DataFrame:
    """Return a row for each figure of the whole layer, with its meaning."""
    k, d = planes.weight.shape
    rank = gaussian.rank
    where = "" if rank == d else f", within the {rank} of {d} directions that the weights span"
    mean_gap, covariance_gap = gaussian.gaps(planes.mean, planes.covariance)
    spread, level = planes.spread, np.trace(planes.spread) / k
    round_ = spread / level if level > 0.0 else np.zeros_like(spread)
    live = planes.unit_ratio > 0.0
    offsets = planes.offset[live]
    figures: dict[str, tuple[float, str]] = {
        "n_samples": (counted["samples"], "samples"),
        "n_rows": (counted["rows"], "rows that the layer read: samples, tokens or patches"),
        "n_features": (d, "inputs of a node"),
        "n_nodes": (k, "nodes"),
        "rank": (rank, "linearly independent nodes"),
        "shrinkage": (share, "share of the identity that was mixed into the covariance"),
        "whiteness": (
            float(np.linalg.norm(spread - np.eye(k)) / np.sqrt(k)),
            "|W Σ Wᵀ - I| / √n_nodes: 0 if the layer whitens the data",
        ),
        "sphericity": (
            float(np.linalg.norm(round_ - np.eye(k))),
            "the same after scaling to a mean variance of 1, without √n_nodes: 0 if round",
        ),
        "centring": (
            float(np.sqrt(np.mean(offsets**2))) if len(offsets) else 0.0,
            "root mean square of plane_offset: 0 if all hyperplanes pass through the mean",
        ),
        "residual": (
            gaussian.residual / np.sqrt(k),
            "root mean square of W μ̂ + b: 0 if all hyperplanes meet in one point",
        ),
        "mean_gap": (mean_gap, f"distance from μ̂ to the mean, in deviations of the data{where}"),
        "covariance_gap": (
            covariance_gap,
            f"|Σ̂ - Σ| / |Σ|; Σ̂ does not depend on a rotation of the nodes{where}",
        ),
        "length_correlation": (
            _correlation(planes.length[live], ratio(planes.length, planes.deviation)[live]),
            "correlation of |w| with 1 / deviation of the data along w: 1 if weights fit its scale",
        ),
        "matched_cosine": (
            components.matched(planes.weight),
            "mean cosine of nodes and principal components, matched one to one",
        ),
        "matched_cosine_random": (
            components.matched_random(k, seed),
            "the same for as many random directions",
        ),
        **{
            f"n_{state.replace(' ', '_')}": (int((nodes["state"] == state).sum()), text)
            for state, text in (
                ("live", "nodes with data on both sides"),
                ("dead", "nodes never above zero"),
                ("always on", "nodes always above zero"),
                ("constant", "nodes that do not vary"),
            )
        },
        "n_mirrored": (
            int((nodes["mirror"] != "").sum()),
            "nodes that share a hyperplane with one that faces the other way",
        ),
        "n_duplicates": (
            int((nodes["duplicate"] != "").sum()),
            "nodes that share a hyperplane with one that faces the same way",
        ),
    }
    frame = pd.DataFrame(list(figures.values()), index=list(figures), columns=["value", "meaning"])
    return frame.astype({"value": float}).rename_axis("figure")


def _correlation(one: FloatArray, other: FloatArray) -> float:
    """Return the correlation of two columns, 0 if one of them is constant."""
    if len(one) < 2 or np.ptp(one) <= 1e-12 * one.max() or np.ptp(other) <= 1e-12 * other.max():
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
