"""The LDVAE's maths, beside scipy, torch.distributions and a numerical integral."""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp, softmax
from scipy.stats import nbinom, poisson
from torch.distributions import Normal, kl_divergence

from bdiff.ldvae import LDVAE, divergence, log_likelihood

GENES = ("CD3E", "CD8A", "GNLY", "CD14", "LYZ")


@pytest.fixture
def ldvae():
    """Untrained, in float64, with dispersions that differ."""
    torch.manual_seed(0)
    ldvae = LDVAE(GENES, latent=2, hidden=16).double().eval()
    torch.nn.init.normal_(ldvae.log_dispersion)
    return ldvae


@pytest.fixture
def counts():
    return torch.from_numpy(np.random.default_rng(0).poisson(6.0, (7, len(GENES)))).double()


def test_the_likelihood_is_the_negative_binomial():
    x, mu, r = np.meshgrid(
        [0, 1, 2, 50, 4000], [1e-6, 0.3, 7, 5000], [1e-3, 0.7, 12, 1e4], indexing="ij"
    )
    found = log_likelihood(*map(torch.from_numpy, (x.astype(float), np.log(mu), np.log(r))))
    np.testing.assert_allclose(found.numpy(), nbinom.logpmf(x, r, r / (r + mu)), rtol=1e-6)


def test_without_dispersion_it_is_poisson():
    x, mu = np.arange(40.0), np.full(40, 11.0)
    found = log_likelihood(*map(torch.from_numpy, (x, np.log(mu), np.full(40, np.log(1e7)))))
    np.testing.assert_allclose(found.numpy(), poisson.logpmf(x, mu), atol=1e-4)


def test_the_divergence_is_that_of_normal_distributions():
    mean, log_variance = torch.randn(2, 6, 3, dtype=torch.float64)
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), prior).sum(dim=1)
    torch.testing.assert_close(divergence(mean, log_variance), expected)


def test_the_elbo_is_what_it_says(ldvae, counts):
    noise = torch.randn(len(counts), 2, dtype=torch.float64)
    mean, log_variance = (part.detach() for part in ldvae.posterior(counts))
    z = mean + (log_variance / 2).exp() * noise
    mu = counts.sum(dim=1, keepdim=True).numpy() * ldvae.proportions(z.numpy())
    r = ldvae.dispersion
    fit = nbinom.logpmf(counts.numpy(), r, r / (r + mu)).sum(axis=1)
    kl = divergence(mean, log_variance).numpy()
    for kl_weight in (0.0, 0.3, 1.0):
        found = ldvae.negative_elbo(counts, noise, kl_weight).detach().numpy()
        np.testing.assert_allclose(found, kl_weight * kl - fit, rtol=1e-9)


def test_the_elbo_bounds_the_likelihood_of_the_counts(counts):
    """-ELBO = -log p(x) + KL(q || p(z | x)), both by numerical integration over one latent."""
    torch.manual_seed(1)
    ldvae = LDVAE(GENES, latent=1, hidden=8).double().eval()
    cell = counts[:1]
    grid = np.linspace(-9, 9, 4001)
    step, r = grid[1] - grid[0], ldvae.dispersion
    mu = cell.sum().item() * ldvae.proportions(grid[:, None])
    joint = nbinom.logpmf(cell.numpy(), r, r / (r + mu)).sum(axis=1)
    joint += -0.5 * grid**2 - 0.5 * np.log(2 * np.pi)
    evidence = logsumexp(joint) + np.log(step)
    mean, log_variance = (part.item() for part in ldvae.posterior(cell))
    log_q = Normal(mean, np.exp(log_variance / 2)).log_prob(torch.from_numpy(grid)).numpy()
    gap = np.sum(np.exp(log_q) * (log_q - (joint - evidence))) * step
    noise = torch.randn(40_000, 1, dtype=torch.float64)
    found = ldvae.negative_elbo(cell.expand(len(noise), -1), noise)
    error = found.std().item() / 200
    assert found.mean().item() == pytest.approx(-evidence + gap, abs=5 * error)
    assert gap > 20 * error


def test_gradients_reach_every_parameter(ldvae, counts):
    ldvae.negative_elbo(counts, torch.randn(len(counts), 2, dtype=torch.float64)).sum().backward()
    for name, parameter in ldvae.named_parameters():
        assert parameter.grad.abs().max() > 1e-8, name


def test_a_cell_is_encoded_without_regard_to_the_others(ldvae, counts):
    together = torch.stack(ldvae.train().posterior(counts))
    others = counts.clone()
    others[1:] = 1000 * torch.rand(len(counts) - 1, len(GENES)).round()
    assert torch.equal(torch.stack(ldvae.posterior(others))[:, 0], together[:, 0])
    torch.testing.assert_close(torch.stack(ldvae.posterior(counts[:1])), together[:, :1])


def test_the_decoder_is_linear_up_to_the_softmax(ldvae):
    z = np.random.default_rng(0).standard_normal((9, 2))
    W, b = (parameter.detach().numpy() for parameter in ldvae.decoder.parameters())
    shares = ldvae.proportions(z)
    np.testing.assert_allclose(shares, softmax(z @ W.T + b, axis=1))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    raised = np.log(shares / ldvae.proportions(np.zeros((1, 2))))
    np.testing.assert_allclose(np.diff(raised, axis=1), z @ np.diff(W, axis=0).T, atol=1e-12)


@pytest.mark.parametrize("shape", [(2,), (4, 3), (4, 2, 1)])
def test_latents_of_another_shape_are_refused(ldvae, shape):
    with pytest.raises(ValueError, match=r"expected \(n, 2\), the latents of this autoencoder"):
        ldvae.proportions(np.zeros(shape))
