"""Fitting, encoding, decoding and files of autoencoders, on cells whose truth is known."""

import json
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bdiff.autoencoder import _without_idle, decode_counts, encode, fit_autoencoder, posterior
from bdiff.autoencoder_files import load_autoencoder, save_autoencoder
from bdiff.checkpoint import CheckpointError, load_folder, save_folder
from bdiff.data.dataset import read_dataset, write_dataset
from bdiff.ldvae import LDVAE
from bdiff.randomness import generator
from bdiff.training.settings import TrainingError
from tests.cells import CELLS, GENES, LATENT, SETTINGS, cells, fitted, truth

SHORT = SETTINGS | {"steps": 40, "device": "cpu"}


def bits(autoencoder):
    return {name: tensor.numpy().tobytes() for name, tensor in autoencoder.state_dict().items()}


def with_value(value, row=3, column=2):
    x = cells().x.copy()
    x[row, column] = value
    return replace(cells(), x=x)


def test_true_shares_and_dispersions_are_recovered_from_held_out_cells():
    shares, r = truth()
    encoded, held_out = encode(fitted(), cells()), cells().split == "test"
    decoded = fitted().proportions(encoded.unscale(encoded.x))
    true, found = (np.log1p(1e4 * part[held_out]) for part in (shares, decoded))
    correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(true.T, found.T, strict=True)]
    assert np.mean(correlation) > 0.95
    assert np.min(correlation) > 0.8
    assert np.corrcoef(np.log(r), np.log(fitted().dispersion))[0, 1] > 0.95


def test_latents_that_the_cells_do_not_need_are_left_out():
    assert fitted().latent == LATENT < SETTINGS["latent"]
    variance = posterior(fitted(), cells().select("train").x)[0].var(axis=0)
    assert (np.diff(variance) < 0).all()
    assert variance.min() > 0.3


def test_leaving_latents_out_changes_nothing_else():
    torch.manual_seed(0)
    whole = LDVAE(cells().feature_names, 4, 16)
    with torch.no_grad():
        for row in (0, 2):  # of these the means are the same for all cells
            whole.encoder[-1].weight[row] = 0
        whole.encoder[-1].weight[:4] *= 10
    means, log_variances = posterior(whole, cells().x)
    smaller = _without_idle(whole, means)
    order = [1, 3] if means[:, 1].var() > means[:, 3].var() else [3, 1]
    found = posterior(smaller, cells().x)
    np.testing.assert_allclose(found[0], means[:, order], atol=1e-5)
    np.testing.assert_allclose(found[1], log_variances[:, order], atol=1e-5)
    np.testing.assert_allclose(smaller.proportions(found[0]), whole.proportions(means), atol=1e-6)
    with pytest.warns(UserWarning, match="none of the 4 latents tells cells apart"):
        assert _without_idle(whole, 0.01 * means) is whole


def test_weights_are_a_function_of_the_seed_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = bits(fit_autoencoder(cells(), **SHORT))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(6)
    assert bits(fit_autoencoder(cells(), **SHORT)) == first
    assert bits(fit_autoencoder(cells(), **SHORT, seed=1)) != first


def test_held_out_cells_and_classes_do_not_shape_the_autoencoder():
    x = np.where(cells().split[:, None] == "test", 7, cells().x)
    other = replace(cells(), x=x, labels=1 - cells().labels)
    assert bits(fit_autoencoder(other, **SHORT)) == bits(fit_autoencoder(cells(), **SHORT))


def test_encoding_keeps_all_but_the_counts():
    encoded = encode(fitted(), cells())
    for key in ("labels", "split"):
        np.testing.assert_array_equal(getattr(encoded, key), getattr(cells(), key))
    assert (encoded.classes, encoded.name) == (cells().classes, cells().name)
    np.testing.assert_array_equal(encoded.covariates["donor"], cells().covariates["donor"])
    assert encoded.feature_names == tuple(f"z{k + 1}" for k in range(fitted().latent))
    assert encoded.scaling["kind"] == "standardised"
    means = posterior(fitted(), cells().x)[0]
    np.testing.assert_allclose(encoded.unscale(encoded.x), means, atol=1e-6)


def test_encoding_standardises_by_training_cells_only():
    training = cells().split == "train"
    encoded = encode(fitted(), cells())
    np.testing.assert_allclose(encoded.x[training].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(encoded.x[training].std(axis=0), 1, atol=1e-5)
    x = np.where(training[:, None], cells().x, 50)
    other = encode(fitted(), replace(cells(), x=x))
    np.testing.assert_array_equal(other.x[training], encoded.x[training])
    assert (other.x[~training] != encoded.x[~training]).all()


def test_drawn_counts_have_the_mean_and_variance_of_the_negative_binomial():
    draws, library = 40_000, 2500.0
    z = np.tile(np.random.default_rng(0).standard_normal(fitted().latent), (draws, 1))
    x = decode_counts(fitted(), z, np.full(draws, library), generator(0, "test"))
    assert (x.shape, x.dtype) == ((draws, GENES), np.int64)
    mu = library * fitted().proportions(z[:1])[0]
    variance = mu + mu**2 / fitted().dispersion
    assert (np.abs(x.mean(axis=0) - mu) < 5 * np.sqrt(variance / draws)).all()
    np.testing.assert_allclose(x.var(axis=0), variance, rtol=0.15)
    again = decode_counts(fitted(), z, np.full(draws, library), generator(0, "test"))
    np.testing.assert_array_equal(again, x)


def test_an_autoencoder_comes_back_whole(tmp_path):
    save_autoencoder(fitted(), tmp_path / "a", {"dataset": "cells"})
    loaded = load_autoencoder(tmp_path / "a")
    assert loaded.genes == fitted().genes
    assert load_folder(tmp_path / "a")[0]["about"] == {"dataset": "cells"}
    first, second = (encode(autoencoder, cells()) for autoencoder in (fitted(), loaded))
    np.testing.assert_array_equal(first.x, second.x)
    assert first.scaling == second.scaling
    np.testing.assert_array_equal(loaded.dispersion, fitted().dispersion)


def test_a_damaged_folder_and_one_of_another_kind_are_refused(tmp_path):
    save_autoencoder(fitted(), tmp_path / "a")
    weights = tmp_path / "a/weights.safetensors"
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    with pytest.raises(CheckpointError, match=r"weights\.safetensors is damaged"):
        load_autoencoder(tmp_path / "a")
    save_folder(tmp_path / "b", {"format": "bdiff.model/4"}, {"weights": {}})
    with pytest.raises(CheckpointError, match=r"'bdiff\.model/4', not a 'bdiff\.autoencoder/1'"):
        load_autoencoder(tmp_path / "b")


@pytest.mark.parametrize(
    ("dataset", "error"),
    [
        (
            lambda: with_value(0.5),
            r"1 values that are no counts, the first 0\.5 for gene 'gene 3' ",
        ),
        (lambda: with_value(-1), r"the first -1 for gene 'gene 3' in row 3; whole numbers"),
        (lambda: with_value(0, column=slice(None)), r"1 cells without a single count .* row 3;"),
        (lambda: replace(cells(), feature_names=()), r"0 feature names; an autoencoder needs"),
        (
            lambda: replace(cells(), x=cells().x.reshape(CELLS, 1, 5, 8)),
            r"objects of shape \(1, 5, 8\)",
        ),
        (lambda: replace(cells(), split=np.full(CELLS, "test")), "at least 2 training objects"),
    ],
)
def test_what_is_not_counts_is_refused(dataset, error):
    for refuse in (
        lambda data: fit_autoencoder(data, **SHORT),
        lambda data: encode(fitted(), data),
    ):
        with pytest.raises(ValueError, match=error):
            refuse(dataset())


@pytest.mark.fault("F18")
def test_other_genes_are_refused():
    names = cells().feature_names
    fewer = replace(cells(), x=cells().x[:, 1:], feature_names=names[1:])
    with pytest.raises(ValueError, match=r"39 genes, but not the 40 .*: 'gene 1' is missing"):
        encode(fitted(), fewer)
    with pytest.raises(ValueError, match="some are more, or the order differs"):
        encode(fitted(), replace(cells(), feature_names=names[::-1]))


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ({"latent": 0}, "latent is 0"),
        ({"hidden": 0}, "hidden 0; they must be 1 or more"),
        ({"steps": 0}, "steps must be a whole number of 1 or more, found 0"),
        ({"batch_size": 0}, "batch_size must be a whole number of 1 or more, found 0"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"device": "tpu"}, "device is 'tpu'"),
    ],
)
def test_settings_out_of_range_are_refused(setting, error):
    with pytest.raises(ValueError, match=error):
        fit_autoencoder(cells(), **(SHORT | setting))


def test_a_loss_that_is_not_finite_ends_the_fit():
    with pytest.raises(TrainingError, match=r"at step \d+; try a learning_rate below 1e\+06"):
        fit_autoencoder(cells(), **(SETTINGS | {"learning_rate": 1e6, "device": "cpu"}))


def test_the_script_leaves_the_autoencoder_its_figures_and_the_encoded_cells(tmp_path):
    write_dataset(cells(), tmp_path / "cells.parquet")
    script = Path(__file__).parents[1] / "scripts/fit_autoencoder.py"
    arguments = ["--data", str(tmp_path / "cells.parquet"), "--settings", json.dumps(SHORT)]
    arguments += ["--output", str(tmp_path / "a"), "--latent", str(tmp_path / "latent.parquet")]
    runpy.run_path(str(script))["main"](arguments)
    about = load_folder(tmp_path / "a")[0]["about"]
    assert about["settings"] == SHORT
    assert about["reconstruction"]["test"]["cells"] == CELLS // 5
    encoded = read_dataset(tmp_path / "latent.parquet")
    autoencoder = load_autoencoder(tmp_path / "a")
    assert bits(autoencoder) == bits(fit_autoencoder(cells(), **SHORT))
    np.testing.assert_array_equal(encoded.x, encode(autoencoder, cells()).x)
    np.testing.assert_array_equal(encoded.covariates["donor"], cells().covariates["donor"])
