"""Numbers and names of modes (spec 50 section 4.1); `merger.MergerConfig` has them too."""

mode_dict = {0: 'original', 1: 'overlay', 2: 'hist-match', 3: 'seamless', 4: 'seamless-hist-match',
             5: 'raw-rgb', 6: 'raw-predict'}
mode_str_dict = {name: number for number, name in mode_dict.items()}

mask_mode_dict = {
    0: 'full', 1: 'dst', 2: 'learned-prd', 3: 'learned-dst', 4: 'learned-prd*learned-dst',
    5: 'learned-prd+learned-dst', 6: 'XSeg-prd', 7: 'XSeg-dst', 8: 'XSeg-prd*XSeg-dst',
    9: 'learned-prd*learned-dst*XSeg-prd*XSeg-dst'
}
# With MVE's further one. The key of the mask mode goes round the ten above, as ever.
all_mask_modes = {**mask_mode_dict, 10: 'XSeg-prd+XSeg-dst'}
# MVE counts two of them the other way round (spec 50 section 13.3); the way back is the same.
mve_mask_modes = {9: 10, 10: 9}

ctm_dict = {
    0: 'None', 1: 'rct', 2: 'lct', 3: 'mkl', 4: 'mkl-m', 5: 'idt', 6: 'idt-m', 7: 'sot-m',
    8: 'mix-m'
}
# None comes first: the prompt lists the names in this order
ctm_str_dict = {None if number == 0 else name: number for number, name in ctm_dict.items()}

sharpen_dict = {0: 'None', 1: 'box', 2: 'gaussian'}


def translate_mask_mode(mode: int) -> int:
    """A mask mode of MVE as ours, or the other way round."""
    return mve_mask_modes.get(mode, mode)
