"""The verb `merge`: swapped faces into frames (spec 50 section 2)."""
import multiprocessing
import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import models
from core import persist
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from core.options import find_given
from core.process_options import GRAY_INPUT, UNATTENDED, get_setting
from facelib import FaceEnhancer, XSegNet
from merger import InteractiveMergerSubprocessor, MergerConfig
from merger.face_mask import NEEDS_XSEG_DST, NEEDS_XSEG_PRD, XSEG_SIZE
from merger.merge_options import MERGE_OPTIONS
from merger.merge_questions import BATCH, INTERACTIVE, QUESTIONS, WORKERS, ask
from merger.networks import NetworkOnDemand
from merger.output_record import OutputRecord, describe_settings
from merger.prediction import PredictionServer
from models.common.face_model import FaceModel
from models.common_options import START_OPTIONS

from . import merge_inputs

OPTIONS = tuple(QUESTIONS) + tuple(MERGE_OPTIONS) + tuple(START_OPTIONS)
SESSION_FILE = 'merger_session.dat'
XSEG_NAME = 'XSeg'
CPU_BATCH, GPU_BATCH = 4, 8


def main(model_class_name: Optional[str] = None, saved_models_path: Optional[Path] = None,
         training_data_src_path: Optional[Path] = None, force_model_name: Optional[str] = None,
         input_path: Optional[Path] = None, output_path: Optional[Path] = None,
         output_mask_path: Optional[Path] = None, aligned_path: Optional[Path] = None,
         force_gpu_idxs: Union[None, str, Sequence[int]] = None, cpu_only: Optional[bool] = None,
         pak_name: Optional[str] = None, has_provenance: bool = True) -> Dict[str, Any]:
    """Merge the frames of a folder.

    Arguments: input_path, the frames; aligned_path, their aligned faces, loose or packed (pak_name:
    in that pack); output_path and output_mask_path are made; has_provenance: merged pictures are
    marked as synthetic. training_data_src_path is of no use.

    Returns what `InteractiveMergerSubprocessor.run` does. A frame that cannot be merged is copied
    as it is and named at the end. UserError when no frame at all could be merged, when a folder or
    the model is missing, and for a file that cannot be written.
    """
    io.log_info('Merging: loading the model.\r\n')
    _check_folders(input_path, output_path, output_mask_path, aligned_path, saved_models_path)
    model_class = models.import_model(model_class_name)
    if getattr(model_class, 'get_MergerConfig', None) in (
            None, models.ModelBase.get_MergerConfig):
        raise UserError('A model of the kind %s merges no frames.' % model_class_name, [
            'Of the built-in kinds SAEHD, AMP, Quick96 and their gray variants do.'])
    for folder in (output_path, output_mask_path):
        persist.make_folder(folder)
    model = model_class(
        is_training=False, saved_models_path=saved_models_path, force_gpu_idxs=force_gpu_idxs,
        force_model_name=force_model_name, cpu_only=cpu_only)
    try:
        result = _merge(model, input_path, output_path, output_mask_path, aligned_path, pak_name,
                        has_provenance)
    finally:
        model.finalize()
    if result['failed'] and not result['merged'] and not result['kept']:
        raise UserError('None of the frames could be merged.',
                        ['The list above tells why, frame by frame.'])
    return result


def _check_folders(input_path: Path, output_path: Path, output_mask_path: Path,
                   aligned_path: Optional[Path], saved_models_path: Path) -> None:
    """UserError for folders that are missing or would be overwritten."""
    if aligned_path is None:
        raise UserError('The folder of the aligned faces is not given.', ['add --aligned-dir'])
    for folder, what, flag in ((input_path, 'frames', '--input-dir'),
                               (aligned_path, 'aligned faces', '--aligned-dir'),
                               (saved_models_path, 'models', '--model-dir')):
        if not folder.is_dir():
            raise UserError('The folder of the %s is not there: %s' % (what, folder),
                            ['Give the right one with ' + flag])
    folders = [os.path.realpath(str(folder)) for folder in (
        input_path, aligned_path, output_path, output_mask_path)]
    if len(set(folders[1:])) < 3 or folders[0] in folders[2:]:
        raise UserError('Frames, aligned faces, merged frames and masks need folders of their own: '
                        'pictures in the output folders are replaced.',
                        ['Give other folders with --output-dir and --output-mask-dir.'])


def _merge(model: Any, input_path: Path, output_path: Path, output_mask_path: Path,
           aligned_path: Path, pak_name: Optional[str], has_provenance: bool) -> Dict[str, Any]:
    predictor_func, input_shape, cfg = model.get_MergerConfig()
    if cfg.type != MergerConfig.TYPE_MASKED:
        raise UserError('The model %s wants a kind of merging that is not there (%s).' % (
            model.get_model_name(), cfg.type))
    called, input_shape = fit_predictor(model, predictor_func, input_shape)
    is_interactive = choose_interactive()
    if not is_interactive:
        cfg.ask_settings()
        io.log_info(cfg.to_string('of all frames'))
    workers_count = choose_workers_count()
    _hand_on_switches()

    faces = merge_inputs.list_faces(aligned_path, pak_name, cfg.face_type)
    frames = merge_inputs.make_frames(input_path, faces)
    record = None
    if not is_interactive:
        record = OutputRecord(output_path, output_mask_path, describe_settings(
            model.get_model_name(), model.get_iter(), cfg, input_shape, predictor_func,
            list_network_files(model.saved_models_path, cfg.mask_mode), has_provenance))
    xseg_func, enhancer_func = _make_networks(model)
    if is_interactive:
        xseg_func.remember_results()
        enhancer_func.remember_results()
    return InteractiveMergerSubprocessor(
        is_interactive=is_interactive,
        merger_session_filepath=model.get_strpath_storage_for_file(SESSION_FILE),
        predictor_func=PredictionServer(called, choose_batch_size(),
                                        is_padded=not is_interactive, has_cache=is_interactive),
        predictor_input_shape=input_shape,
        face_enhancer_func=enhancer_func,
        xseg_256_extract_func=xseg_func,
        merger_config=cfg,
        frames=frames,
        frames_root_path=input_path,
        output_path=output_path,
        output_mask_path=output_mask_path,
        model_iter=model.get_iter(),
        subprocess_count=workers_count,
        output_record=record,
        has_provenance=has_provenance).run()


def fit_predictor(model: Any, predictor_func: Callable,
                  input_shape: Sequence[int]) -> Tuple[Callable, Tuple[int, ...]]:
    """(predictor, its shape) as the merger calls it.

    Gray models of the SAEHDBW fork, for which `use_bw_input` is set, take (S, S) and add the other
    axes themselves, whatever shape they tell (spec 82 part B). Ours know their channels.
    """
    shape = tuple(int(n) for n in input_shape)
    if isinstance(model, FaceModel) or not get_setting(GRAY_INPUT):
        return predictor_func, shape
    return lambda face: predictor_func(face[..., 0]), shape[:2] + (1,)


def _make_networks(model: Any) -> Tuple[NetworkOnDemand, NetworkOnDemand]:
    """XSeg and the face enhancer, each built at its first use if there is one."""
    run_on_cpu = len(nn.getCurrentDeviceConfig().devices) == 0
    xseg = NetworkOnDemand(XSegNet, 'extract', name=XSEG_NAME, resolution=XSEG_SIZE,
                           weights_file_root=model.saved_models_path, place_model_on_cpu=True,
                           run_on_cpu=run_on_cpu)
    enhancer = NetworkOnDemand(FaceEnhancer, 'enhance', place_model_on_cpu=True,
                               run_on_cpu=run_on_cpu)
    return xseg, enhancer


def list_network_files(folder: Path, mask_mode: int) -> List[Path]:
    """Weights beside the model that masks of this mode come from: XSeg's, trained on its own."""
    is_used = mask_mode in NEEDS_XSEG_PRD or mask_mode in NEEDS_XSEG_DST
    return [Path(folder) / ('%s_%d.npy' % (XSEG_NAME, XSEG_SIZE))] if is_used else []


def choose_interactive() -> bool:
    """Whether the user wants to see every frame; never asked in a notebook. UserError for a yes
    where there is no screen."""
    if io.is_colab():
        return False
    has_screen = io.is_support_windows()
    if not has_screen:
        io.log_info('There is no screen for the interactive merger: automatic is the default.')
    is_interactive = ask(INTERACTIVE, has_screen and not get_setting(UNATTENDED))
    if is_interactive and not has_screen:
        raise UserError('The interactive merger needs a screen, and OpenCV or PyQt5 to draw on it.',
                        ['Merge automatically: --set merge_interactive=n',
                         'opencv-python has windows, opencv-python-headless has none without '
                         'PyQt5.'])
    return is_interactive


def choose_workers_count() -> int:
    """One for each core unless told otherwise; never more than that."""
    cpu_count = multiprocessing.cpu_count()
    given = find_given(WORKERS)
    if given is not None:
        io.log_info('%s : %d' % (WORKERS.prompt, min(given, cpu_count)))
        return min(given, cpu_count)
    return io.input_int(WORKERS.prompt, min(max(8, cpu_count), cpu_count),
                        valid_range=[1, cpu_count], help_message=WORKERS.help)


def choose_batch_size() -> int:
    given = find_given(BATCH)
    if given is not None:
        return given
    return GPU_BATCH if nn.getCurrentDeviceConfig().devices else CPU_BATCH


def _hand_on_switches() -> None:
    """Workers read these from the environment; here they may come from `--set` as well."""
    for option in MERGE_OPTIONS:
        given = find_given(option)
        if given is not None:
            os.environ[option.env[0]] = str(given)
