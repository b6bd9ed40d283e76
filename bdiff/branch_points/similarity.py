r"""How similar noised objects of two classes are, in the mean, as a function of time.

An object x of D values becomes x_t = alpha x + sigma ε with noise ε of its own. The similarity of
two noised objects is the cosine of the angle between them; for classes u and v

    S_uv(t) = mean of <x_t, x_t'> / (|x_t| |x_t'|) over objects x of u and x' ≠ x of v.

`aligned_pairs` draws the noise and compares object n of one class with object n of the other, as
Tseng et al. 2024 (arXiv 2212.10777) do. `all_pairs` draws none: the noise is isotropic and
independent, so the expected direction of a noised object is its own direction, shortened,

    E[x_t / |x_t|] = s(κ) x / |x|,     κ = alpha |x| / sigma,
    s(κ) = Γ((D + 1) / 2) / (√2 Γ(D / 2 + 1)) κ 1F1(1/2; D / 2 + 1; -κ² / 2),

the mean resultant length of a projected normal distribution, rising from 0 at κ = 0 to 1; and the
expected S_uv is the inner product of two class means. As a function of log κ, s is one smooth
step, the same at every time but shifted. A Chebyshev series in log |x| of K terms therefore
separates objects from times, s(κ_i(t)) = Σ_k c_k(t) φ_k(log |x_i|), and all times share one
product of the objects with φ.

An object of norm 0 has no direction: its similarity with every other is 0.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.polynomial.chebyshev import chebvander
from scipy.special import gammaln, hyp1f1

from bdiff.process import Process
from bdiff.randomness import generator

Objects = Mapping[str, np.ndarray]


def mean_resultant_length(kappa: np.ndarray, dimension: int) -> np.ndarray:
    """s(κ): length of the expected unit vector of x + ε, with κ = |x| and ε ~ N(0, I).

    Args:
        kappa: signal-to-noise ratios of any shape, >= 0, inf allowed.
        dimension: D >= 1.

    Returns:
        float64 in [0, 1], in the shape of kappa.
    """
    kappa = np.minimum(kappa, 1e9)  # from where s = 1 to the last digit and κ² is finite
    factor = np.exp(gammaln((dimension + 1) / 2) - gammaln(dimension / 2 + 1)) / np.sqrt(2)
    length: np.ndarray = factor * kappa * hyp1f1(0.5, dimension / 2 + 1, -(kappa**2) / 2)
    return length


def all_pairs(objects: Objects, process: Process, times: np.ndarray) -> np.ndarray:
    """Expected similarity of every two classes, over all pairs of objects and all noise.

    Args:
        objects: class name -> (n, *shape), n >= 2, finite.
        process: forward process with alpha(t) and sigma(t).
        times: (T,) in [0, horizon].

    Returns:
        (T, C, C) float64, symmetric, in the order of the classes.

    Raises:
        ValueError: if a class has fewer than two objects or values that are not finite.
    """
    flat = flatten(objects)
    dimension = flat[0].shape[1]
    norms = [np.linalg.norm(x, axis=1).astype(np.float64) for x in flat]
    series = _NormSeries(np.concatenate(norms))
    alpha, sigma = alpha_sigma(process, times)
    with np.errstate(divide="ignore"):  # no noise at t = 0: the ratio is inf, which s takes
        coefficients = series.coefficients(alpha / sigma, dimension)
    means = np.empty((len(flat), len(times), dimension))
    itself = np.empty((len(times), len(flat)))
    for number, (x, norm) in enumerate(zip(flat, norms, strict=True)):
        terms = series.terms(norm)
        units = terms / np.where(norm > 0, norm, 1)[:, None]
        means[number] = coefficients @ (units.T.astype(np.float32) @ x) / len(x)
        itself[:, number] = np.einsum("tk,tk->t", coefficients @ (terms.T @ terms), coefficients)
    curves: np.ndarray = np.matmul(means.transpose(1, 0, 2), means.transpose(1, 2, 0))
    # Within a class the n pairs of an object with itself, Σ_i s_i², leave the mean over n² pairs.
    diagonal, n = np.arange(len(flat)), np.array(list(map(len, flat)))
    curves[:, diagonal, diagonal] *= n / (n - 1)
    curves[:, diagonal, diagonal] -= itself / (n * (n - 1))
    return curves


class _NormSeries:
    """Chebyshev series in y = log |x|, scaled to [-1, 1] between the least and the largest norm.

    The length K of the series keeps the error of s below 1e-8 for norms that differ by a factor of
    up to 100 (measured for D from 16 to 784), which is less than the rounding of float32 objects.
    """

    def __init__(self, norms: np.ndarray):
        logs = np.log(norms[norms > 0]) if norms.any() else np.zeros(1)
        low, high = float(logs.min()), float(logs.max())
        self.length = 12 + int(np.ceil(4 * (high - low)))
        self.centre, self.half = (low + high) / 2, (high - low) / 2 or 1.0

    def terms(self, norms: np.ndarray) -> np.ndarray:
        """φ_k(log |x|), shape (n, K); 0 for an object of norm 0."""
        positive = norms > 0
        logs = np.log(norms, out=np.full(len(norms), self.centre), where=positive)
        y = (logs - self.centre) / self.half
        return chebvander(y, self.length - 1) * positive[:, None]

    def coefficients(self, ratio: np.ndarray, dimension: int) -> np.ndarray:
        """c_k(t) of s(ratio(t) |x|), shape (T, K), from the values at the Chebyshev nodes."""
        nodes = np.cos(np.pi * (np.arange(self.length) + 0.5) / self.length)
        norms = np.exp(self.centre + self.half * nodes)
        values = mean_resultant_length(ratio[:, None] * norms, dimension)
        coefficients = values @ chebvander(nodes, self.length - 1) * (2 / self.length)
        coefficients[:, 0] /= 2
        return coefficients


def aligned_pairs(objects: Objects, process: Process, times: np.ndarray, seed: int) -> np.ndarray:
    """The paper's similarity curves: one draw of noise a time, object n beside object n.

    Within a class, object n is compared with object N - 1 - n, which makes N // 2 distinct pairs;
    the middle one of an odd number would meet itself and is left out.

    Args:
        objects: class name -> (N, *shape), the same N >= 2 in every class, finite.
        process: forward process with alpha(t) and sigma(t).
        times: (T,) in [0, horizon].
        seed: seed of the noise, which is independent at every time.

    Returns:
        (T, C, C) float64, symmetric, in the order of the classes.

    Raises:
        ValueError: if the classes differ in size, have fewer than two objects, or values that are
            not finite.
    """
    flat = flatten(objects)
    sizes = {name: len(x) for name, x in zip(objects, flat, strict=True)}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"aligned pairs need the same number of objects per class, found {sizes}")
    x_0 = np.stack(flat)
    count, half = x_0.shape[1], x_0.shape[1] // 2
    curves = np.empty((len(times), len(flat), len(flat)))
    for step, (alpha, sigma) in enumerate(zip(*alpha_sigma(process, times), strict=True)):
        units = generator(seed, "aligned pairs", step).standard_normal(x_0.shape, np.float32)
        units *= np.float32(sigma)
        units += np.float32(alpha) * x_0
        _normalise(units)
        rows = units.reshape(len(flat), -1)
        curves[step] = rows @ rows.T / count
        mirrored = np.einsum("cnd,cnd->c", units[:, :half], units[:, : -half - 1 : -1])
        np.fill_diagonal(curves[step], mirrored / half)
    return curves


def pair_similarities(
    first: np.ndarray, second: np.ndarray, process: Process, time: float, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Similarities of single pairs of noised objects at one time, each object noised once.

    Args:
        first: objects of class a, (n, *shape), n >= 2.
        second: objects of class b, (m, *shape), m >= 2.
        process: forward process with alpha(t) and sigma(t).
        time: t in [0, horizon].
        seed: seed of the noise.

    Returns:
        a against a, n (n - 1) / 2 cosines; b against b, m (m - 1) / 2; a against b, n m.
    """
    alpha, sigma = alpha_sigma(process, np.array([time], dtype=np.float64))
    units = []
    for name, x in zip("ab", flatten({"a": first, "b": second}), strict=True):
        noise = generator(seed, "pair similarities", name).standard_normal(x.shape, np.float32)
        units.append((alpha * x + sigma * noise).astype(np.float32))
        _normalise(units[-1])
    a, b = units
    upper_a, upper_b = np.triu_indices(len(a), 1), np.triu_indices(len(b), 1)
    return (a @ a.T)[upper_a], (b @ b.T)[upper_b], (a @ b.T).ravel()


def flatten(objects: Objects) -> list[np.ndarray]:
    """The objects of each class as (n, D) float32, checked."""
    flat = []
    for name, x in objects.items():
        if len(x) < 2:
            raise ValueError(
                f"class {name!r} has {len(x)} object(s), but the similarity within a class needs "
                "two or more; add objects or leave the class out"
            )
        x = np.asarray(x, dtype=np.float32).reshape(len(x), -1)
        if not np.isfinite(x).all():
            raise ValueError(f"class {name!r} holds NaN or infinite values; clean the data first")
        flat.append(x)
    return flat


def _normalise(x: np.ndarray) -> None:
    """Divide objects (..., D) by their norm, in place; those of norm 0 stay as they are."""
    norms = np.sqrt(np.einsum("...d,...d->...", x, x))[..., None]
    x /= np.where(norms > 0, norms, 1)


def alpha_sigma(process: Process, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    t = torch.as_tensor(times, dtype=torch.float64)
    return process.alpha(t).numpy(), process.sigma(t).numpy()
