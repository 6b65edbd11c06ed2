"""models/summary.py: the summary text, byte for byte (spec 20 section 10)."""
from pathlib import Path
from types import SimpleNamespace

from models.summary import build_summary_text

GOLDEN = Path(__file__).resolve().parent / 'golden' / 'models'

OPTIONS = dict(resolution=96, face_type='head', models_opt_on_gpu=False, archi='df-udt', ae_dims=48,
               e_dims=16, d_dims=16, d_mask_dims=16, masked_training=True, eyes_mouth_prio=False,
               uniform_yaw=False, blur_out_mask=False, adabelief=False, lr_dropout='n',
               random_warp=True, random_hsv_power=0.0, true_face_power=0.01, face_style_power=0.0,
               bg_style_power=0.0, ct_mode='sot', clipgrad=True, pretrain=False, autobackup_hour=0,
               write_preview_history=True, target_iter=100, random_src_flip=False,
               random_dst_flip=True, batch_size=2, gan_power=0.0, gan_patch_size=12, gan_dims=16)


def test_summary_equals_the_reference_file():
    expected = (GOLDEN / 'p_SAEHD_summary.txt').read_bytes()
    assert build_summary_text('p_SAEHD', 2, OPTIONS, {}, []).encode('utf-8') == expected


def test_lines_have_one_width_and_overrides_keep_their_place():
    text = build_summary_text('p_SAEHD', 2, OPTIONS, {'random_warp': False, 'later': 1}, [])
    lines = text.split('\n')
    assert len({len(line) for line in lines}) == 1 and not text.endswith('\n')
    keys = [line[2:].split(':')[0].strip() for line in lines if ': ' in line]
    assert keys.index('random_warp') == keys.index('lr_dropout') + 1 and keys.index(
        'later') > keys.index('gan_dims')
    assert any('random_warp: False' in line for line in lines)


def test_devices_and_wide_values():
    device = SimpleNamespace(index=1, name='An NVIDIA card with a name that is long',
                             total_mem_gb=23.456)
    lines = build_summary_text('my model with a very long name_SAEHD', 1234567, {'k' * 30: 'v'}, {},
                               [device]).split('\n')
    assert len({len(line) for line in lines}) == 1
    assert lines[0].startswith('==') and ' Model Summary ' in lines[0]
    assert any('Device index: 1 ' in line for line in lines)
    assert any('VRAM: 23.46GB' in line for line in lines)
    assert not any('Using device' in line for line in lines)
