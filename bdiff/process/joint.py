r"""The joint process on graphs: bonds and atoms have a noise of their own, over one time.

An object is a matrix [A | X] with a row per node: orders of its bonds to all nodes, symmetric with
zero diagonal, then its atom type, one-hot. An absent node is a row of zeros, and stays one at all
times: who is there is known from x_t (Jo et al. 2022, arXiv 2202.02514)

    A_t = A_0 + sigma_A(t) (E + Eᵀ), E strictly upper triangular,      the variance explodes;
    X_t = alpha_X(t) X_0 + sigma_X(t) ε,                               the variance is preserved.

Given x_t the reverse process needs the score of both, which one network predicts, and the drift and
the diffusion of each. Trees and time grids go by the log-SNR of the atoms.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from bdiff.process.base import Continuous
from bdiff.process.variance_exploding import VE
from bdiff.process.variance_preserving import VP

BOND_DEVIATION = 0.3  # of the bond orders of drug-like molecules, most of which are 0


@dataclass(frozen=True)
class Joint(Continuous):
    """Process on graphs, x of shape (N, nodes, nodes + types), for t in [0, 1].

    Args:
        bonds: of the bond orders.
        atoms: of the atom types.
    """

    bonds: VE = field(default_factory=VE)
    atoms: VP = field(default_factory=VP)

    name = "joint"
    joint = True

    def alpha(self, t: Tensor | float) -> Tensor:
        return self.atoms.alpha(t)

    def sigma(self, t: Tensor | float) -> Tensor:
        return self.atoms.sigma(t)

    def log_snr(self, t: Tensor | float) -> Tensor:
        return self.atoms.log_snr(t)

    def time_of(self, log_snr: Tensor | float) -> Tensor:
        return self.atoms.time_of(log_snr)

    def at(self, t: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        return (
            _side_by_side(self.bonds.alpha(t), self.atoms.alpha(t), x),
            _side_by_side(self.bonds.sigma(t), self.atoms.sigma(t), x),
        )

    def drift(self, x: Tensor, t: Tensor) -> Tensor:
        bonds, atoms = split(x)
        return torch.cat([self.bonds.drift(bonds, t), self.atoms.drift(atoms, t)], dim=-1)

    def diffusion(self, t: Tensor | float) -> Tensor:
        """g(t) of the atoms; `diffusion_at` has that of the bonds as well."""
        return self.atoms.diffusion(t)

    def diffusion_at(self, t: Tensor, x: Tensor) -> Tensor:
        return _side_by_side(self.bonds.diffusion(t), self.atoms.diffusion(t), x)

    def noise(self, noise: Tensor, x: Tensor) -> Tensor:
        """The upper triangle of the bonds' numbers, mirrored; none where x has no node."""
        return mirrored(noise) * present(x)

    def prior(self, noise: Tensor) -> Tensor:
        bonds, atoms = split(noise)
        return torch.cat([self.bonds.prior(bonds), self.atoms.prior(atoms)], dim=-1)

    def mean_square(self, error: Tensor, x: Tensor) -> Tensor:
        """Mean of the mean squares of all bonds and of all atom types, of nodes that are there."""
        bonds, atoms = split(error)
        nodes = x.any(dim=-1).sum(dim=-1)
        pairs = (nodes * (nodes - 1)).clamp(min=1)
        types = (nodes * atoms.shape[-1]).clamp(min=1)
        of_bonds, of_atoms = (part.square().flatten(1).sum(dim=1) for part in (bonds, atoms))
        return 0.5 * (of_bonds / pairs + of_atoms / types)

    @property
    def remainder(self) -> float:
        return max(BOND_DEVIATION * self.bonds.remainder, self.atoms.remainder)

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "bonds": asdict(self.bonds), "atoms": asdict(self.atoms)}

    @classmethod
    def of(
        cls, bonds: dict[str, Any] | None = None, atoms: dict[str, Any] | None = None
    ) -> "Joint":
        """From settings of both, as in `to_dict`."""
        return cls(VE(**bonds or {}), VP(**atoms or {}))


def split(x: Tensor) -> tuple[Tensor, Tensor]:
    """Bonds (N, nodes, nodes) and atom types (N, nodes, types) of graphs."""
    nodes = x.shape[-2]
    return x[..., :nodes], x[..., nodes:]


def present(x: Tensor) -> Tensor:
    """1 where both ends of an entry are there, else 0; in the shape and dtype of x."""
    there = x.any(dim=-1).to(x)
    pairs = there[..., :, None] * there[..., None, :]
    return torch.cat([pairs, there[..., None].expand_as(split(x)[1])], dim=-1)


def mirrored(x: Tensor) -> Tensor:
    """Graphs whose bonds are those above the diagonal, mirrored, and none on it."""
    bonds, atoms = split(x)
    upper = bonds.triu(diagonal=1)
    return torch.cat([upper + upper.mT, atoms], dim=-1)


def _side_by_side(bonds: Tensor, atoms: Tensor, x: Tensor) -> Tensor:
    """Values (N,) of the parts as (N, 1, nodes + types)."""
    nodes, width = x.shape[-2:]
    return torch.cat(
        [bonds[:, None].expand(-1, nodes), atoms[:, None].expand(-1, width - nodes)], dim=1
    )[:, None]
