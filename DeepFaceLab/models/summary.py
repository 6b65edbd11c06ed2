"""The model summary: the framed text on the console and in `<model>_summary.txt` (spec 20 section
10)."""
from typing import Any, Dict, List, Sequence

MIN_KEY_WIDTH = 17


def build_summary_text(model_name: str, iteration: int, options: Dict[str, Any],
                       options_show_override: Dict[str, Any], devices: Sequence[Any]) -> str:
    """Return the summary, lines joined by newline, without a trailing newline (spec 20 section 10).

    options: key -> value in display order. options_show_override: values shown instead (existing
    keys keep their place, new ones follow). devices: objects with `index`, `name`, `total_mem_gb`;
    empty means the CPU.
    """
    visible = dict(options)
    visible.update(options_show_override)

    key_width = 1 + max([MIN_KEY_WIDTH] + [len(key) for key in visible])
    value_width = 1 + max([len(str(value)) for value in visible.values()]
                          + [len(str(iteration)), len(model_name)])
    for device in devices:
        value_width = max(value_width, len(device.name) + 1)
    width = key_width + value_width + 2

    def title(text: str, fill: str) -> str:
        return '{:{fill}^{width}}'.format(' %s ' % text, fill=fill, width=width)

    def pair(key: str, value: Any) -> str:
        return '{:>{kw}}: {:<{vw}}'.format(key, str(value), kw=key_width, vw=value_width)

    blank = ' ' * width
    lines: List[str] = [title('Model Summary', '='), blank,
             pair('Model name', model_name), blank,
             pair('Current iteration', iteration), blank,
             title('Model Options', '-'), blank]
    lines += [pair(key, value) for key, value in visible.items()]
    lines += [blank, title('Running On', '-'), blank]
    if len(devices) == 0:
        lines.append(pair('Using device', 'CPU'))
    for device in devices:
        lines += [pair('Device index', device.index), pair('Name', device.name),
                  pair('VRAM', '%.2fGB' % device.total_mem_gb)]
    lines += [blank, '=' * width]
    return '\n'.join('==%s==' % line for line in lines)
