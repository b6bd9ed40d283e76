r"""Linearly decoded variational autoencoder (LDVAE): a cell's counts of genes from a few numbers.

A cell has the counts x_g of the genes g; their sum is its library size l. Its latent z gives each
gene a share of the library, through a linear map and a softmax:

    z ~ N(0, I),        share = softmax(W z + b),        mu = l share,
    x_g ~ NB(mu_g, r_g),        E x_g = mu_g,        Var x_g = mu_g + mu_g² / r_g.

r_g > 0 is the gene's inverse dispersion. As the decoder is linear, a column of W says which genes
its latent raises (Svensson et al. 2020, doi 10.1093/bioinformatics/btaa169). The likelihood is that
of scVI (Lopez et al. 2018, doi 10.1038/s41592-018-0229-2), but for l, which is the total observed,
with no latent of its own. The encoder is a dense network, q(z | x) = N(m(x), diag s(x)²), and

    -ELBO = E_q[-log p(x | z)] + KL(q || N(0, I)),        KL = ½ Σ_k (m_k² + s_k² - 1 - log s_k²).

No layer sees more than one cell at a time.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn.functional import softplus


class LDVAE(nn.Module):
    """The autoencoder of some genes, untrained; `bdiff.autoencoder.fit_autoencoder` makes it good.

    Args:
        genes: their names, in the order of the counts.
        latent: numbers per cell.
        hidden: units of each of the encoder's two hidden layers.
    """

    def __init__(self, genes: Sequence[str], latent: int, hidden: int):
        super().__init__()
        self.genes, self.latent, self.hidden = tuple(genes), latent, hidden
        layers = []
        for inputs in (len(self.genes), hidden):
            layers += [nn.Linear(inputs, hidden), nn.LayerNorm(hidden), nn.ReLU()]
        self.encoder = nn.Sequential(*layers, nn.Linear(hidden, 2 * latent))
        self.decoder = nn.Linear(latent, len(self.genes))  # W and b
        self.log_dispersion = nn.Parameter(torch.zeros(len(self.genes)))

    @classmethod
    def of_weights(
        cls, weights: dict[str, Tensor], genes: Sequence[str], latent: int, hidden: int
    ) -> "LDVAE":
        """The autoencoder of these weights, in evaluation mode; none are drawn first."""
        with torch.device("meta"):
            autoencoder = cls(genes, latent, hidden)
        autoencoder.load_state_dict(weights, assign=True)
        return autoencoder.eval()

    def posterior(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        """m and log s² of q(z | x): counts (n, genes) float32 -> (n, latent) each."""
        mean, log_variance = self.encoder(torch.log1p(counts)).chunk(2, dim=1)
        return mean, log_variance

    def negative_elbo(self, counts: Tensor, noise: Tensor, kl_weight: float = 1.0) -> Tensor:
        """-ELBO of each cell, its expectation estimated from one z = m + s noise.

        Args:
            counts: (n, genes) float32.
            noise: (n, latent) standard normal.
            kl_weight: of the KL, in [0, 1]; 1 but for its warm-up (see `fit_autoencoder`).

        Returns:
            (n,), in nats.
        """
        mean, log_variance = self.posterior(counts)
        z = mean + noise * torch.exp(log_variance / 2)
        log_mu = torch.log_softmax(self.decoder(z), dim=1) + counts.sum(dim=1, keepdim=True).log()
        fit = log_likelihood(counts, log_mu, self.log_dispersion).sum(dim=1)
        return kl_weight * divergence(mean, log_variance) - fit

    @property
    def dispersion(self) -> np.ndarray:
        """Inverse dispersion r of every gene, shape (genes,), float64; large is near Poisson."""
        dispersion: np.ndarray = np.exp(self.log_dispersion.detach().cpu().double().numpy())
        return dispersion

    def proportions(self, z: np.ndarray) -> np.ndarray:
        """Expected share of every gene.

        Args:
            z: latents, not standardised, shape (n, latent).

        Returns:
            float64, shape (n, genes); each row sums to 1.

        Raises:
            ValueError: if z has another shape.
        """
        z = np.asarray(z, dtype=np.float64)
        if z.ndim != 2 or z.shape[1] != self.latent:
            raise ValueError(
                f"z has shape {z.shape}; expected (n, {self.latent}), the latents of this "
                "autoencoder; of an encoded data set they are dataset.unscale(dataset.x)"
            )
        W, b = (p.detach().cpu().double().numpy() for p in self.decoder.parameters())
        shares: np.ndarray = softmax(z @ W.T + b, axis=1)
        return shares


def log_likelihood(counts: Tensor, log_mu: Tensor, log_r: Tensor) -> Tensor:
    """log NB(x | mu, r) of every count; the three shapes are broadcast.

        log Γ(x + r) - log Γ(r) - log x! + r log(r / (r + mu)) + x log(mu / (r + mu))

    Args:
        counts: x, whole and 0 or more.
        log_mu: logarithm of the mean.
        log_r: logarithm of the inverse dispersion.
    """
    r = log_r.exp()
    ways = torch.lgamma(counts + r) - torch.lgamma(r) - torch.lgamma(counts + 1)
    return ways - r * softplus(log_mu - log_r) - counts * softplus(log_r - log_mu)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(m, diag s²) || N(0, I)) of each cell: (n, latent) each -> (n,), in nats."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)
