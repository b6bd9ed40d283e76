"""What is done with a fit, beside the same in Python; what things are."""

import csv
import re
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bdiff.analysis.quality import quality
from bdiff.data.dataset import read_dataset, write_dataset
from bdiff.data.tables import from_arrays
from bdiff.defaults import ADDED
from bdiff.extension import enlarged
from bdiff.files import read_rows
from bdiff.model_files import load_model
from bdiff.sampling.files import read_samples
from bdiff.sampling.sampler import Sampler, sample
from bdiff.sampling.transmutation import transmute
from bdiff.training.settings import Training
from bdiff.training.train import train
from bdiff.tree_files import load_tree
from tests.training.test_train import bits, killed_at

from .zoo import FEATURES, FIT, SMALL, bdiff, fails, in_python, rows, write_csv


def test_samples_are_those_of_python_in_the_units_of_the_data(here, capsys):
    data, model = in_python()
    request = {"cow": 4, "ape": 3}
    made = sample(model, request, Sampler.for_model(model, seed=3))
    bdiff("sample zoo --count cow=4 ape=3 -o samples.parquet --seed 3 --device cpu")
    cost = Sampler.for_model(model).cost(model, request)
    assert capsys.readouterr().out.startswith(f"{cost}\n")
    found = read_samples("samples.parquet")
    assert np.array_equal(found.x, made.x)
    assert found.label.tolist() == ["cow"] * 4 + ["ape"] * 3
    bdiff("sample zoo --count cow=4 ape=3 -o samples.csv --seed 3 --device cpu")
    with open("samples.csv", newline="") as file:
        read = list(csv.DictReader(file))
    assert tuple(read[0]) == ("species", *FEATURES)
    values = [[float(row[name]) for name in FEATURES] for row in read]
    assert np.allclose(values, data.unscale(made.x), rtol=1e-5)
    assert [row["species"] for row in read] == found.label.tolist()


def test_a_solver_and_shared_trunks_are_chosen(here, capsys):
    model = load_model("zoo/model")
    bdiff("sample zoo --count 2 -o s.parquet --solver heun --steps 7 --share-trunks")
    sampler = Sampler.of({"name": "heun", "steps": 7})
    cost = sampler.cost(model, dict.fromkeys(model.classes, 2), share_trunks=True)
    assert capsys.readouterr().out.startswith(f"{cost}\n")
    assert read_samples("s.parquet").meta["solver"] == sampler.settings
    bdiff("sample zoo --count 2 -o s.parquet --steps 5")
    assert read_samples("s.parquet").meta["solver"]["name"] == "sde_dpm_solver_pp"


def test_a_class_is_added_and_all_else_stays(here, capsys, monkeypatch):
    write_csv(here / "two.csv", ("ape", "bee"))
    write_csv(here / "cows.csv", ("cow",))
    bdiff(FIT.replace("zoo.csv", "two.csv").replace("-o zoo", "-o two"))
    bdiff("sample two --count 5 -o before.csv")
    extending = "extend two cows.csv --new cow -o three --steps 10 --set training.batch_size=16"
    with killed_at(4, monkeypatch):
        bdiff(extending)
    capsys.readouterr()
    bdiff(extending)
    said = capsys.readouterr().out
    kept = re.search(r"cow is added; .* is the same, bit for bit \(sha256 ([0-9a-f]{64})\)", said)
    assert kept, said
    data = read_dataset("three/data.parquet")
    new, _ = rows(("cow",))
    found = data.unscale(data.of("cow"))
    assert np.allclose(found, new, rtol=1e-4)  # in the units of the old classes, and back
    assert 0 < (data.split[data.labels == 2] == "test").sum() < len(new)
    larger = load_model("three/model")
    settings = Training(steps=10, batch_size=16, learning_rate=ADDED["learning_rate"], ema=0.9995)
    tree = {"min_time": 0.01, "min_length": 0.001}
    same, objects, part = enlarged(load_model("two/model"), "cow", data, **tree)
    train(same, objects, settings, device="cpu", part=part)
    assert bits(same) == bits(larger)
    assert load_tree("three/tree.json") == larger.tree
    bdiff("sample three --count ape=5 bee=5 -o after.csv")
    assert (here / "before.csv").read_text() == (here / "after.csv").read_text()
    bdiff("sample three --count cow=2 -o cows2.csv")
    fails("extend three cows.csv --new cow -o four", "knows 'cow' already")
    assert not (here / "four").exists()
    fails("extend two cows.csv --new cwo -o four", "cwo.*cow")


def test_objects_are_transmuted_one_way(here):
    data, model = in_python()
    bdiff("transmute zoo zoo.csv --from bee --to cow -o turned.parquet --device cpu")
    x, _ = rows(("ape", "bee", "cow"))
    bees = ((x[60:120] - data.scaling["offset"]) / data.scaling["scale"]).astype(np.float32)
    cows = data.of("cow")
    both = transmute(model, {"bee": bees, "cow": cows}, [("bee", "cow")])
    found = read_samples("turned.parquet")
    assert set(found.origin.tolist()) == {"bee"}
    for role in ("original", "noised", "sample"):
        expected = both.where(label="cow", role=role, origin="bee")
        assert np.allclose(found.where(role=role), expected, atol=1e-5)
    table = pq.read_table("turned.parquet")
    original = table.filter(pa.compute.equal(table["role"], "original"))
    assert np.allclose(original["raw_weight"], x[60:120, 2], rtol=1e-5)


def test_in_csv_an_object_has_its_own_class_until_it_is_turned(here):
    bdiff("transmute zoo zoo.csv --from bee --to cow -o turned.csv")
    with open("turned.csv", newline="") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == ["species", "role", "origin", "to", "index", *FEATURES]
    expected = {"original": "bee", "noised": "bee", "sample": "cow"}
    assert [row["species"] for row in read] == [expected[row["role"]] for row in read]
    assert {(row["origin"], row["to"]) for row in read} == {("bee", "cow")}
    # What has the class bee, and values, are the bees of the data.
    bees = [[float(row[n]) for n in FEATURES] for row in read if row["role"] == "original"]
    assert np.allclose(bees, rows(("ape", "bee", "cow"))[0][60:120], rtol=1e-4)


def test_in_csv_a_feature_called_like_a_column_of_ours_keeps_its_values(here):
    text = (here / "zoo.csv").read_text()
    (here / "named.csv").write_text(text.replace(FEATURES[1], "index", 1))
    bdiff(f"{FIT.replace('zoo.csv', 'named.csv').replace('-o zoo', '-o named')} --steps 2")
    bdiff("transmute named named.csv --from bee --to cow -o turned.csv")
    with open("turned.csv", newline="") as file:
        read = list(csv.DictReader(file))
    bees = [float(row["raw_index"]) for row in read if row["role"] == "original"]
    assert np.allclose(bees, rows(("ape", "bee", "cow"))[0][60:120, 1], rtol=1e-4)


def test_a_label_guided_model_transmutes_through_a_given_time(here):
    bdiff(FIT.replace("-o zoo", "-o other --kind linear"))
    line = "transmute other zoo.csv --from bee --to cow -o turned.parquet"
    fails(line, r"no branch points.* between 0\.001 \(data\) and 1 \(noise\): --time T")
    bdiff(f"{line} --time 0.4")
    model, found = load_model("other/model"), read_samples("turned.parquet")
    bees = found.where(role="original")
    made = transmute(model, {"bee": bees}, [("bee", "cow")], time=0.4, both=False)
    assert np.array_equal(found.x, made.x)
    assert set(found.time[found.role == "noised"].tolist()) == {0.4}


def test_what_bdiff_made_is_taken_as_it_is(here):
    """A data set in its own parquet, with a scaling of its own."""
    x, labels = rows(("ape", "bee", "cow"))
    write_dataset(
        from_arrays(x / 2 + 1, labels, name="half", feature_names=FEATURES, standardise=True),
        "half.parquet",
    )
    write_dataset(from_arrays(x, labels, name="raw", feature_names=FEATURES), "raw.parquet")
    bdiff("transmute zoo raw.parquet --from bee --to cow -o a.parquet")
    bdiff("transmute zoo zoo.csv --from bee --to cow -o b.parquet")
    a, b = (read_samples(f"{name}.parquet").where(role="original") for name in "ab")
    assert np.allclose(a, b, atol=1e-4)
    bdiff(f"fit half.parquet -o half --steps 2 --set {SMALL}")
    assert np.array_equal(read_dataset("half/data.parquet").x, read_dataset("half.parquet").x)


def test_other_columns_or_another_order_are_refused(here):
    write_csv(here / "order.csv", ("bee", "cow"), columns=(*FEATURES[::-1], "species"))
    fails("transmute zoo order.csv --from bee --to cow -o t.csv", "another order: age in years")
    write_csv(here / "less.csv", ("bee", "cow"), columns=(*FEATURES[1:], "species"))
    said = fails("transmute zoo less.csv --from bee --to cow -o t.csv", "missing: length")
    assert "not known: none" in said
    assert not (here / "t.csv").exists()


def test_quality_is_that_of_python(here, capsys, monkeypatch):
    expected = []

    def judged(dataset, samples, **settings):
        assert np.array_equal(dataset.x, read_dataset("zoo/data.parquet").x)
        assert np.array_equal(samples["samples"].x, read_samples("samples.parquet").x)
        assert settings == {"count": 12, "seed": 0}
        expected.extend(quality(dataset, samples, **settings))
        return expected

    monkeypatch.setattr("bdiff.cli.evaluate.quality", judged)
    bdiff("sample zoo --count 12 -o samples.parquet")
    capsys.readouterr()
    bdiff("evaluate zoo samples.parquet -o metrics.csv --count 12")
    said = capsys.readouterr().out
    found = read_rows("metrics.csv")
    assert np.allclose(found["value"], [row["value"] for row in expected], equal_nan=True)
    (accuracy,) = (
        row["value"]
        for row in expected
        if (row["class"], row["metric"], row["model"]) == ("cow", "accuracy", "samples")
    )
    line = next(line for line in said.splitlines() if line.startswith("cow"))
    assert f"{accuracy:.3g} / " in line
    assert "held-out" in said


def test_samples_of_another_fit_are_not_judged(here):
    write_csv(here / "more.csv", ("ape", "bee", "cow"), seed=1)
    bdiff(FIT.replace("zoo.csv", "more.csv").replace("-o zoo", "-o more"))
    bdiff("sample more --count 5 -o samples.parquet")
    fails("evaluate zoo samples.parquet -o m.csv", "fitted to other data")
    bdiff("sample zoo --count 5 -o samples.csv")
    fails("evaluate zoo samples.csv -o m.csv", "for people to read")


def test_info_says_what_things_are(here, capsys):
    bdiff("sample zoo --count 5 -o samples.parquet")
    bdiff("transmute zoo zoo.csv --from bee --to cow -o turned.parquet")
    training = Training(steps=4, batch_size=16, checkpoint_every=2)
    data = read_dataset("zoo/data.parquet")
    train(load_model("zoo/model"), data, training, checkpoints="run", device="cpu")
    capsys.readouterr()
    for path, *texts in (
        ("run/step-00000004", "checkpoint of a training run at step 4", "verified"),
        ("zoo", "folder by bdiff fit, branched model", "branched model,", "verified"),
        ("zoo/model", "branched model", "30 steps", "made by bdiff 0", "ape, bee, cow"),
        ("zoo/tree.json", "tree of 3 classes", "process vp"),
        ("zoo/data.parquet", "144 training and 36 held-out", "cow (60)", "age in years"),
        ("samples.parquet", "15 objects", "sample: ape (5)", "18.0 network evaluations"),
        ("turned.parquet", "original: cow (60)", "noised: cow (60)"),
    ):
        bdiff(f"info {path}")
        said = capsys.readouterr().out
        for text in texts:
            assert text in said, (path, said)
    assert said.count("├──") <= 2


def test_info_tells_damage(here, done, capsys, tmp_path):
    shutil.copytree(done / "zoo", tmp_path / "copy")
    weights = tmp_path / "copy/model/weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    said = fails("info copy", r"weights\.safetensors is damaged: sha256 [0-9a-f]{64}")
    assert "error: CheckpointError" in said
    (tmp_path / "copy/fit.json").write_text("{}")
    fails("info copy", r"fit\.json is damaged")
    (tmp_path / "note.txt").write_text("")
    fails("info note.txt", "nothing that bdiff makes")
