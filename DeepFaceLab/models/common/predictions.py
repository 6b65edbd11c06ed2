"""Callables of models that predict both faces and their masks: SAEHD, Quick96 (spec 21, 22 part B).

Tensors and the session are looked up when a callable is called: a model may build its graph anew.
"""
from typing import Any

from core.leras import nn


def bind_view_function(model: Any) -> None:
    """`model.AE_view(warped_src, warped_dst)`: src as src, dst as dst with its mask, dst as src
    with its mask; float32 batches in the model's layout."""
    def AE_view(warped_src, warped_dst):
        fetches = [model.pred_src_src, model.pred_dst_dst, model.pred_dst_dstm,
                   model.pred_src_dst, model.pred_src_dstm]
        return nn.tf_sess.run(fetches, feed_dict={
            model.warped_src: warped_src, model.warped_dst: warped_dst})
    model.AE_view = AE_view


def bind_merging_function(model: Any) -> None:
    """`model.AE_merge(warped_dst)`: dst as src, mask of dst as dst, mask of dst as src."""
    def AE_merge(warped_dst):
        fetches = [model.pred_src_dst, model.pred_dst_dstm, model.pred_src_dstm]
        return nn.tf_sess.run(fetches, feed_dict={model.warped_dst: warped_dst})
    model.AE_merge = AE_merge
