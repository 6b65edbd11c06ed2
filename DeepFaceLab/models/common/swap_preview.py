"""Preview pictures of models that swap faces (spec 21 section 10)."""
from core.leras import nn
from facelib import FaceType
from models.common.preview import count_rows, repeat_mask, stack_rows, to_image

# Up to here the five columns stand side by side in one picture.
MAX_SIDE_BY_SIDE_RESOLUTION = 256


def draw_previews(model, samples) -> list:
    """[(name, picture), ...]; pictures are float32 (h, w, channels) BGR in 0..1.

    samples: what `generate_next_samples` returned for source and destination: warped faces,
    targets, masks and whatever else. The unwarped targets go through the networks."""
    (_, target_src, target_srcm), (_, target_dst, target_dstm) = [x[:3] for x in samples]
    predicted = model.AE_view(target_src, target_dst)

    def show(x):
        return to_image(x, nn.data_format)
    src, dst, src_mask, dst_mask = [
        show(x) for x in (target_src, target_dst, target_srcm, target_dstm)]
    src_src, dst_dst, dst_dst_mask, src_dst, src_dst_mask = [show(x) for x in predicted]
    dst_dst_mask, src_dst_mask = [
        repeat_mask(x, model.channels) for x in (dst_dst_mask, src_dst_mask)]
    swap_mask = src_dst_mask
    if model.face_type < FaceType.HEAD:
        swap_mask = dst_dst_mask * src_dst_mask

    plain = (src, src_src, dst, dst_dst, src_dst)
    masked = (src * src_mask, src_src, dst * dst_mask, dst_dst * dst_dst_mask,
              src_dst * swap_mask)
    return arrange(model.model_class_name, plain, masked, model.resolution,
                   count_rows(model.get_batch_size(), model.resolution))


def arrange(prefix: str, plain, masked, resolution: int, rows: int) -> list:
    """The columns as one picture, or as pairs where they would be too wide."""
    pictures = []
    for name, columns in ((prefix, plain), (prefix + ' masked', masked)):
        if resolution <= MAX_SIDE_BY_SIDE_RESOLUTION:
            pictures.append((name, stack_rows(columns, rows)))
            continue
        src, src_src, dst, dst_dst, src_dst = columns
        pictures += [(name + ' src-src', stack_rows((src, src_src), rows)),
                     (name + ' dst-dst', stack_rows((dst, dst_dst), rows)),
                     (name + ' pred', stack_rows((dst, src_dst), rows))]
    return pictures
