"""The verb `demo-workspace`: renders two artificial characters into a workspace to train on."""
from pathlib import Path

from demo import workspace


def main(output_path: Path, src_count: int = 500, dst_count: int = 300) -> None:
    """Render (or finish) the workspace `output_path`; see demo/workspace.py for what is in it."""
    workspace.render_workspace(output_path, src_count, dst_count)
