"""Sizes on disk of SAEHDBW models as the fork's notes have them (spec 60 section 14)."""
import gray_support
import pytest

MIB = 2.0 ** 20
SAMPLE_ARRAYS, LOSS_BYTES = 8, 26
ROWS = [row for row in gray_support.load_json("sizes.json")["rows"] if row["verdict"] == "match"]
SMALLEST = sorted(ROWS, key=lambda row: row["computed_MB"])[:3]


def conv(kernel, in_ch, out_ch):
    return kernel * kernel * in_ch * out_ch + out_ch


def upscales(*channels):
    return sum(conv(3, first, 4 * second) for first, second in zip(channels, channels[1:]))


def residuals(*channels):
    return sum(2 * conv(3, channel, channel) for channel in channels)


def count_encoder(e, is_deep):
    count = conv(5, 1, e) + conv(5, e, 2 * e) + conv(5, 2 * e, 4 * e) + conv(5, 4 * e, 8 * e)
    return count + (residuals(e, 8 * e) + conv(5, 8 * e, 8 * e) if is_deep else 0)


def count_inter(flat, ae, out, side, is_deep):
    dense = flat * ae + ae + (ae + 1) * side ** 2 * out
    return dense + (0 if is_deep else upscales(out, out))


def count_decoder(code, d, m, is_deep):
    blocks = [8, 8, 4, 2] if is_deep else [8, 4, 2]
    face = upscales(code, *[d * block for block in blocks]) + residuals(
        *[d * block for block in blocks])
    mask = upscales(code, *[m * block for block in blocks + [1]])
    return face + mask + conv(1, 2 * d, 1) + 3 * conv(3, 2 * d, 1) + conv(1, m, 1)


def count_parameters(row) -> int:
    """Of the networks (spec 60 section 2.3), options `ud` or `udt`."""
    family, letters = row["archi"].split("-")
    is_deep, ae = "t" in letters, row["ae"]
    side = row["resolution"] // (32 if is_deep else 16)
    flat, low = 8 * row["e"] * side ** 2, row["resolution"] // 32
    encoder = count_encoder(row["e"], is_deep)
    if family == "df":
        return (encoder + count_inter(flat, ae, ae, low, is_deep)
                + 2 * count_decoder(ae, row["d"], row["d_mask"], is_deep))
    return (encoder + 2 * count_inter(flat, ae, 2 * ae, low, is_deep)
            + count_decoder(4 * ae, row["d"], row["d_mask"], is_deep))


@pytest.mark.parametrize("row", ROWS, ids=[row["config"] for row in ROWS])
def test_formula_gives_the_noted_size(row):
    """Acceptance 3: three copies of the weights (AdaBelief), the preview sample, the losses."""
    assert count_parameters(row) == row["params"]
    size = (4 * 3 * row["params"] + LOSS_BYTES * row["iterations_assumed"]
            + SAMPLE_ARRAYS * 4 * row["preview_batch_assumed"] * row["resolution"] ** 2) / MIB
    assert size == pytest.approx(row["noted_MB"], abs=1)


@pytest.mark.slow
@pytest.mark.parametrize("row", SMALLEST, ids=[row["config"] for row in SMALLEST])
def test_saved_files_have_the_noted_size(row, tmp_path, monkeypatch):
    """A row without a batch was noted without data.dat."""
    batch = row["preview_batch_assumed"]
    model = gray_support.start_model(
        tmp_path, monkeypatch, archi=row["archi"], resolution=row["resolution"],
        ae_dims=row["ae"], e_dims=row["e"], d_dims=row["d"], d_mask_dims=row["d_mask"],
        batch_size=batch or 1)
    model.save()
    files = list(tmp_path.glob("p_SAEHDBW_*.npy"))
    if batch:
        files.append(tmp_path / "p_SAEHDBW_data.dat")
    size = sum(path.stat().st_size for path in files) / MIB
    print("{}: {:.2f} MiB, noted {}".format(row["config"], size, row["noted_MB"]))
    assert size == pytest.approx(row["noted_MB"], abs=1)
