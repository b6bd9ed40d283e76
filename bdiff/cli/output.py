"""Objects in words of one's own data: units and names of features, shares of genes, SMILES."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from bdiff.cli.folder import FitFolder
from bdiff.data.scaling import unscale
from bdiff.defaults import form_of_shape
from bdiff.files import atomic_write
from bdiff.sampling.files import Samples, values_by_feature, write_samples


def write_objects(samples: Samples, path: Path, folder: FitFolder) -> None:
    """Write objects as .parquet, with all that is known of them, or as .csv, to be read.

    Args:
        samples: from the model of the folder.
        path: of the file, whole or not at all.
        folder: of a fit.
    """
    decoded = _decoded(samples, folder)
    if path.suffix == ".parquet":
        write_samples(samples, path, decoded)
        return
    label = (folder.read_record()["settings"]["data"] or {}).get("label", "label")
    columns = {label: samples.label}
    if set(samples.role.tolist()) != {"sample"}:
        # An object is of its own class until it is turned, so that one can group by class.
        own = np.where(samples.role == "sample", samples.label, samples.origin)
        columns = {label: own, "role": samples.role, "origin": samples.origin, "to": samples.label}
        columns |= {"index": samples.index}
    values = values_by_feature(samples, taken=columns)
    table = pa.table(columns | (decoded or {n: _finished(v, samples) for n, v in values.items()}))
    with atomic_write(path) as temporary:
        pa.csv.write_csv(table, temporary, pa.csv.WriteOptions(quoting_style="needed"))


def _decoded(samples: Samples, folder: FitFolder) -> dict[str, pa.Array]:
    """What latents and graphs stand for; nothing where objects are what they are."""
    if form_of_shape(samples.x.shape[1:]) == "molecules":
        from bdiff.analysis.molecules import smiles_of
        from bdiff.chemistry import valid_molecules

        smiles = smiles_of(valid_molecules(samples.x))
        return {"smiles": _finished(np.array(smiles, dtype=object), samples, pa.string())}
    autoencoder = folder.load_autoencoder()
    if autoencoder is None:
        return {}
    shares = autoencoder.proportions(unscale(samples.x, samples.meta["scaling"])).T
    return {
        f"share_{gene}": _finished(values, samples)
        for gene, values in zip(autoencoder.genes, shares, strict=True)
    }


def _finished(values: np.ndarray, samples: Samples, kind: pa.DataType | None = None) -> pa.Array:
    """A column that is empty for states that are noised."""
    kind = pa.float32() if kind is None else kind  # as precise as the model's numbers are
    return pa.array(values, type=kind, mask=samples.time > 0)
