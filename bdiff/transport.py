r"""From the noised objects of one branch to those of another, where they meet.

Classes are never quite alike at a branch point, and what differs most are means and covariances. So
states that the parent's process has made are moved into the child's by the map that makes one
Gaussian of the other with the least mean square displacement (Olkin and Pukelsheim 1982; Peyré and
Cuturi 2019, arXiv 1803.00567, remark 2.31):

    x -> alpha m_c + A (x - alpha m_p),     A = C_c^{1/2} (C_c^{1/2} C_p C_c^{1/2})^{-1/2} C_c^{1/2}

with the means m and the covariances C = alpha² S + sigma² I of noised objects, p of the parent and
c of the child. Of S the first principal axes are kept; outside of those of both, A is 1, as the
noise is the same.
"""

from typing import NamedTuple

import torch
from torch import Tensor

RANK = 64  # principal axes that are kept; those of less variance than noise hardly matter


class Moments(NamedTuple):
    """Mean (D,), and principal axes (rank, D), each as long as its standard deviation."""

    mean: Tensor
    axes: Tensor


def moments(x: Tensor, rank: int) -> Moments:
    """Of objects x: (n, D), n >= 1; rank at most D."""
    mean = x.mean(dim=0, dtype=torch.float64)
    centred = x - mean.to(x.dtype)
    covariance = (centred.T @ centred).double() / len(x)
    variances, axes = torch.linalg.eigh(covariance)  # ascending
    scaled = axes * variances.clamp(min=0).sqrt()
    return Moments(mean.to(x.dtype), scaled.T.flip(0)[:rank].to(x.dtype))


def transport(x_t: Tensor, alpha: float, sigma: float, parent: Moments, child: Moments) -> Tensor:
    """States of the parent's process as those of the child's.

    Args:
        x_t: (N, D).
        alpha, sigma: of the process at the branch time, sigma > 0.
        parent, child: moments of the objects of the two branches.
    """
    # Columns that span the axes of both; there are no more than D.
    basis = torch.linalg.qr(torch.cat([parent.axes, child.axes]).double().T)[0]
    of_parent, of_child = (
        alpha**2 * (inside := axes.double() @ basis).T @ inside
        + sigma**2 * torch.eye(basis.shape[1], dtype=basis.dtype, device=basis.device)
        for axes in (parent.axes, child.axes)
    )
    root = _power(of_child, 0.5)
    change = root @ _power(root @ of_parent @ root, -0.5) @ root
    change = (change - torch.eye(len(change), dtype=change.dtype, device=change.device)).to(x_t)
    basis = basis.to(x_t)
    around = (x_t - alpha * parent.mean) @ basis
    moved: Tensor = x_t + alpha * (child.mean - parent.mean) + around @ change @ basis.T
    return moved


def _power(matrix: Tensor, exponent: float) -> Tensor:
    """Of a symmetric positive definite matrix."""
    values: Tensor
    vectors: Tensor
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values**exponent) @ vectors.T
