"""`exportdfm`: a trained model as a file for live face-swap programs (spec 50 section 12)."""
from pathlib import Path
from typing import Optional

import models
from core.errors import UserError
from models.common.face_options import EXPORT_OPTIONS
from models.common_options import FORCE_MODEL_NAME

OPTIONS = tuple(EXPORT_OPTIONS) + (FORCE_MODEL_NAME,)


def main(model_class_name: str, saved_models_path: Path,
         force_model_name: Optional[str] = None) -> None:
    """Opens a saved model on the CPU and lets it write its file beside its weights.

    UserError for a kind of model that has no such file."""
    model_class = models.import_model(model_class_name)
    if not hasattr(model_class, 'export_dfm'):
        raise UserError('A model of the kind {} cannot be exported.'.format(model_class_name), [
            'Of the built-in kinds SAEHD, AMP, their gray variants and XSeg can.'])
    model = model_class(is_exporting=True, saved_models_path=saved_models_path,
                        force_model_name=force_model_name, cpu_only=True)
    try:
        model.export_dfm()
    finally:
        model.finalize()
