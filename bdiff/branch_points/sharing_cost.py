r"""What it costs two classes to share a reverse process, as a function of time.

Take objects of class u, noise them to time t, and denoise them as class v, by drawing from what
class v makes of the noised state: the closer the outcome is to class v, the less it costs that both
share the process above t. For Gaussian classes the outcome is known. Along each principal axis of
class v, where the classes have the variances w_u and w_v and their means differ by δ, the posterior
keeps the share

    c = alpha² w_v / (alpha² w_v + sigma²)

of what x_t says, so mean and variance are off by c δ and c² (w_u - w_v), and the squared Fréchet
distance to class v is

    cost(t) = Σ over axes of  c² δ² + (√(w_v + c² (w_u - w_v)) - √w_v)²,

as far as both classes have the same principal axes; where they do not, it is a lower bound, without
the eigenvalue problem per pair and time that the distance itself would take. It is that of a
stochastic sampler; the probability flow, which never forgets, keeps √c.

The cost falls to 0 in pure noise, and a Fréchet distance is what samples are judged by. (Difference
of cosines, the paper's criterion, says no such thing: its 0.005 is little in 784 dimensions.) With
fewer objects than a few per feature, the covariances' own errors add to it, and branch points come
out late.
"""

import numpy as np

from bdiff.branch_points.similarity import Objects, alpha_sigma, flatten
from bdiff.process import Process


def sharing_costs(objects: Objects, process: Process, times: np.ndarray) -> np.ndarray:
    """Cost of sharing for every two classes, the greater of both directions.

    Args:
        objects: class name -> (n, *shape), n >= 2, finite.
        process: forward process with alpha(t) and sigma(t).
        times: (T,) in [0, horizon].

    Returns:
        (T, C, C) float64, symmetric, 0 on the diagonal, in the order of the classes; 1 is the mean
        of the two classes' variances, summed over features.

    Raises:
        ValueError: if a class has fewer than two objects, values that are not finite, or objects
            that are all the same.
    """
    flat = flatten(objects)
    means = np.stack([x.mean(axis=0, dtype=np.float64) for x in flat])
    covariances = [np.atleast_2d(np.cov(x, rowvar=False)) for x in flat]
    variances = np.array([np.trace(covariance) for covariance in covariances])
    if constant := [name for name, v in zip(objects, variances, strict=True) if v == 0]:
        raise ValueError(
            f"all objects of {', '.join(map(repr, constant))} are the same, so there is nothing to "
            "compare them by; leave the class out or give it different objects"
        )
    alpha, sigma = (v[:, None] for v in alpha_sigma(process, times))
    costs = np.zeros((len(times), len(flat), len(flat)))
    for v, covariance in enumerate(covariances):
        own, axes = np.linalg.eigh(covariance)
        own = np.maximum(own, 0)
        noise = np.maximum(sigma**2, 1e-12)  # a constant feature at t = 0 would divide 0 by 0
        kept = np.where(sigma > 0, alpha**2 * own / (alpha**2 * own + noise), 1.0) ** 2
        for u in range(len(flat)):
            if u != v:
                other = np.einsum("di,di->i", axes, covariances[u] @ axes)
                spread = np.sqrt(np.maximum(own + kept * (other - own), 0)) - np.sqrt(own)
                costs[:, u, v] = (kept * ((means[u] - means[v]) @ axes) ** 2 + spread**2).sum(
                    axis=1
                )
    costs /= (variances[:, None] + variances) / 2
    return np.maximum(costs, costs.transpose(0, 2, 1))
