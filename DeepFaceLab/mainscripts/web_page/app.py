"""The routes of the page. This module needs bottle; guard.py stands in front of every route."""
import json
import re
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Optional

from core.errors import UserError

from ..preview_state import (HISTORY_RANGES, KEY_HELPS, KEY_OPS, PreviewState, Snapshot,
                             describe_keys, describe_selection)
from .pictures import PictureCache

try:
    import bottle
except ImportError as error:
    if error.name != 'bottle':
        raise
    raise UserError('The page of a training (--web) needs bottle, which is not installed.', [
        '%s -m pip install bottle==0.13.4   (the line of requirements-web.txt)' % sys.executable,
        'or train without --web']) from error

FILES = Path(__file__).resolve().parent / 'files'
# name -> (file, content type). Nothing else of any folder is served.
STATIC = {
    '/': ('page.html', 'text/html; charset=utf-8'),
    '/page.css': ('page.css', 'text/css; charset=utf-8'),
    '/page.js': ('page.js', 'text/javascript; charset=utf-8'),
    '/icon.svg': ('icon.svg', 'image/svg+xml'),
}


def describe_state(snapshot: Snapshot) -> Dict[str, Any]:
    """What the page shows apart from pictures, for JSON."""
    return {
        'version': snapshot.version, 'picture_version': snapshot.picture_version,
        'shown': snapshot.shown, 'has_chart': snapshot.loss_history is not None,
        'previews': [name for name, _ in snapshot.previews],
        'selected': snapshot.selected, 'selection_text': describe_selection(snapshot),
        'range': snapshot.range, 'ranges': HISTORY_RANGES, 'iter': snapshot.iter,
        'is_waiting': snapshot.is_waiting, 'is_closing': snapshot.is_closing,
        'model_name': snapshot.model_name, 'iteration': snapshot.iteration,
        'target_iter': snapshot.target_iter, 'status_line': snapshot.status_line,
        'saved_iter': snapshot.saved_iter, 'warning': snapshot.warning,
        'warning_iter': snapshot.warning_iter,
        'keys': [help._asdict() for help in KEY_HELPS], 'keys_text': describe_keys(),
    }


def make_app(state: PreviewState, send: Callable[[str], Any]) -> 'bottle.Bottle':
    """WSGI application; `send(op)` hands an operation to the trainer."""
    app = bottle.Bottle()
    pictures = PictureCache()

    def answer_state() -> bytes:
        bottle.response.content_type = 'application/json'
        return json.dumps(describe_state(state.snapshot)).encode('utf-8')

    def answer_picture(data: Optional[bytes]) -> bytes:
        if data is None:
            bottle.abort(404, 'There is no such picture.')
        bottle.response.content_type = 'image/png'
        return data

    def add_file(path: str, name: str, content_type: str) -> None:
        content = (FILES / name).read_bytes()

        @app.get(path)
        def show_file() -> bytes:
            bottle.response.content_type = content_type
            return content
    for path, (name, content_type) in STATIC.items():
        add_file(path, name, content_type)

    @app.get('/state')
    def show_state() -> bytes:
        return answer_state()

    @app.get('/preview/<index:int>.png')
    def show_preview(index: int) -> bytes:
        return answer_picture(pictures.get_preview(state.snapshot, index))

    @app.get('/chart.png')
    def show_chart() -> bytes:
        return answer_picture(pictures.get_chart(state.snapshot, read_number('width', None)))

    @app.post('/press')
    def press() -> bytes:
        key = bottle.request.query.get('key', '')
        if key not in KEY_OPS:
            bottle.abort(400, 'There is no such key.')
        op = state.press(key)
        if op is not None:
            send(op)
        return answer_state()

    @app.post('/select')
    def select() -> bytes:
        state.select(read_number('index'))
        return answer_state()

    @app.post('/range')
    def choose_range() -> bytes:
        count = read_number('count')
        if count not in HISTORY_RANGES:
            bottle.abort(400, 'There is no such range.')
        state.choose_range(count)
        return answer_state()

    app.default_error_handler = show_error
    return app


def read_number(name: str, *default: Optional[int]) -> Any:
    """A whole number of the query, of at most 9 digits; without a default it must be there."""
    text = bottle.request.query.get(name)
    if text is None and default:
        return default[0]
    if text is None or re.match('[0-9]{1,9}$', text) is None:
        bottle.abort(400, '%s is not a whole number.' % name)
    return int(text)


def show_error(error: Any) -> str:
    """A line of text; what went wrong inside is for the console only."""
    bottle.response.content_type = 'text/plain; charset=utf-8'
    return '%s\n' % (error.body if error.status_code < 500 else 'The page failed here; the '
                     'console of the training says why.')
