"""osex, stdex, structex, randomex, compat, errors, process_options and localization."""
import io
import os
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest

from core import compat, osex, process_options, randomex, stdex, structex
from core.errors import UserError


@pytest.mark.skipif(not hasattr(os, 'sched_getaffinity'), reason='Linux')
def test_processors_of_a_container(monkeypatch):
    monkeypatch.setattr(osex.os, 'sched_getaffinity', lambda _: set(range(12)))
    for quota, count in ((None, 12), (64.0, 12), (2.0, 2), (2.6, 3), (0.1, 1)):
        monkeypatch.setattr(osex, '_read_quota', lambda: quota)
        assert osex.count_processors() == count
    monkeypatch.undo()
    assert 1 <= osex.count_processors() <= os.cpu_count()


def test_struct_unpack():
    data = struct.pack('>HB', 500, 7) + b'rest'
    assert structex.struct_unpack(data, 0, '>HB') == (3, 500, 7)
    assert structex.struct_unpack(data, 3, '>4s') == (7, b'rest')
    with pytest.raises(struct.error):
        structex.struct_unpack(data, 5, '>L')


@pytest.mark.parametrize('size, trunc_val', [((1,), 2.5), ((30, 41), 2.5), ((5, 0), 2.5),
                                             ((200,), 0.4)])
def test_random_normal_is_the_element_wise_stream(size, trunc_val):
    fast, plain = np.random.RandomState(8), np.random.RandomState(8)
    values = randomex.random_normal(size, trunc_val, fast)
    expected = []
    while len(expected) < np.prod(size):
        value = plain.normal()
        if abs(value) <= trunc_val:
            expected.append(np.float32(value / trunc_val))
    assert values.dtype == np.float32 and values.shape == size
    np.testing.assert_array_equal(values.ravel(), expected)
    # The state afterwards is the same too.
    assert fast.normal() == plain.normal() and fast.randint(1 << 30) == plain.randint(1 << 30)


def test_random_normal_vector():
    from imagelib_support import load_vectors
    value = randomex.random_normal((2, 3), rnd_state=np.random.RandomState(7))
    np.testing.assert_allclose(value, load_vectors()['random_normal']['value'], rtol=1e-7)


def test_random_normal_global_state():
    np.random.seed(4)
    first = randomex.random_normal((3,))
    np.random.seed(4)
    assert (first == randomex.random_normal((3,))).all() and np.abs(first).max() <= 1


def test_suppressed_output():
    code = ("import os, sys\nfrom core.stdex import suppress_stdout_stderr\n"
            "print('before')\n"
            "with suppress_stdout_stderr():\n"
            "    print('python'); sys.stderr.write('error'); os.write(1, b'native')\n"
            "print('after')")
    output = subprocess.check_output([sys.executable, '-c', code], stderr=subprocess.STDOUT)
    assert output.split() == [b'before', b'after']


def test_suppressed_output_without_descriptors(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, 'stdout', stream)
    monkeypatch.setattr(sys, 'stderr', None)
    with pytest.raises(KeyError):
        with stdex.suppress_stdout_stderr():
            print('hidden')
            raise KeyError()
    print('shown')
    assert stream.getvalue() == 'shown\n'


@pytest.mark.parametrize('flags', [[], ['-u']])
def test_letters_that_the_output_lacks(flags):
    code = ("from core.stdex import spare_letters\n"
            "print('first')\nspare_letters()\nprint('a\\u5de5')\nspare_letters()\nprint('b\\xe9')")
    output = subprocess.check_output([sys.executable] + flags + ['-c', code],
                                     env=dict(os.environ, PYTHONIOENCODING='ascii'))
    assert output.split() == [b'first', b'a\\u5de5', b'b\\xe9']


def test_an_output_of_others_is_left_alone(monkeypatch):
    """Of a notebook or a test runner."""
    for stream in (None, io.StringIO()):
        monkeypatch.setattr(sys, 'stdout', stream)
        stdex.spare_letters()
        assert sys.stdout is stream


@pytest.mark.skipif(os.name == 'nt', reason="POSIX nice values")
@pytest.mark.parametrize('value, lowered', [(None, True), ('1', True), ('0', False), ('n', False)])
def test_lowest_priority(value, lowered):
    environ = {k: v for k, v in os.environ.items() if k != 'set_lowest_priority'}
    if value is not None:
        environ['set_lowest_priority'] = value
    code = ("import os\nfrom core import osex\nstart = os.nice(0)\n"
            "osex.set_process_lowest_prio()\nprint(os.nice(0) > start or start == 19)")
    output = subprocess.check_output([sys.executable, '-c', code], env=environ).decode()
    assert output.strip() == str(lowered) or os.nice(0) == 19


@pytest.mark.skipif(os.name == 'nt', reason="POSIX nice values")
def test_priority_that_cannot_be_lowered_is_reported(monkeypatch, capsys):
    def refuse(value):
        raise PermissionError(1, "not allowed")
    monkeypatch.delenv('set_lowest_priority', raising=False)
    monkeypatch.setattr(osex.os, 'nice', refuse)
    osex.set_process_lowest_prio()
    assert 'not allowed' in capsys.readouterr().out


def test_screen_size():
    width, height = osex.get_screen_size()
    assert width > 0 and height > 0
    if sys.platform != 'win32':
        assert (width, height) == (1366, 768)


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason="reads /proc")
def test_memory_info():
    total, available = osex.get_memory_info()
    assert 0 <= available <= total and total > 2 ** 27


def test_memory_info_respects_the_container(monkeypatch):
    numbers = {'/sys/fs/cgroup/memory.max': 1000, '/sys/fs/cgroup/memory.current': 300}
    monkeypatch.setattr(osex, '_read_number', numbers.get)
    if sys.platform.startswith('linux'):
        assert osex.get_memory_info() == (1000, 700)


def test_process_options(monkeypatch):
    assert process_options.get_setting(process_options.WORKER_TIMEOUT) == 60
    monkeypatch.setenv('DFL_WORKER_TIMEOUT', '7.5')
    assert process_options.get_setting(process_options.WORKER_TIMEOUT) == 7.5
    monkeypatch.setenv('DFL_WORKER_TIMEOUT', 'soon')
    with pytest.raises(UserError) as info:
        process_options.get_setting(process_options.WORKER_TIMEOUT)
    assert 'DFL_WORKER_TIMEOUT' in str(info.value)
    keys = [option.key for option in process_options.PROCESS_OPTIONS]
    assert len(set(keys)) == len(keys)
    declared = {id(value) for value in vars(process_options).values()
                if isinstance(value, process_options.Option)}
    declared |= {id(option) for option in process_options.DEBUG_SWITCHES.values()}
    assert declared == {id(option) for option in process_options.PROCESS_OPTIONS}


@pytest.mark.parametrize('text, is_on', [
    ('1', True), ('y', True), ('whatever', True), ('2', True), ('0', False), ('n', False),
    ('No', False), ('off', False), (' false ', False), ('', None)])
def test_switch(monkeypatch, text, is_on):
    """As launchers of old set them; an empty variable is one that is not there."""
    for default in (False, True):
        switch = process_options.Switch('some_switch', default, "Some switch", "")
        monkeypatch.setenv('DFL_SOME_SWITCH', text)
        assert process_options.get_setting(switch) is (default if is_on is None else is_on)


@pytest.mark.parametrize('names, key, text, value', [
    (('device_list_timeout', 'DFL_DEVICE_LIST_TIMEOUT'), 'DEVICE_LIST_TIMEOUT', '0', 0),
    (('device_list_timeout',), 'DEVICE_LIST_TIMEOUT', '600', 600),
    (('force_gpu_data', 'FORCE_GPU_DATA', 'DFL_FORCE_DEVICES'), 'FORCE_DEVICES', '1', True),
    (('forced_gpu_id',), 'FORCED_GPU_ID', '750 Ti', '750 Ti'),
    (('max_gpu_memory',), 'MAX_GPU_MEMORY', '1556925644', '1556925644'),
    (('tf_allow_growth', 'TF_ALLOW_GROWTH'), 'TF_ALLOW_GROWTH', '0', False),
    (('set_lowest_priority',), 'LOWEST_PRIORITY', '0', False),
    (('user_bw_get_color_channel',), 'GRAY_CHANNEL', '2', 2)])
def test_names_of_both_trees(monkeypatch, names, key, text, value):
    for name in names:
        monkeypatch.setenv(name, text)
        assert process_options.get_setting(getattr(process_options, key)) == value
        monkeypatch.delenv(name)


@pytest.mark.parametrize('text, numbers', [
    ('2.6.2', (2, 6, 2)), ('v2.21.0-rc1', (2, 21, 0)), ('4.14.0.90', (4, 14, 0)), ('1.15', (1, 15)),
    ('', ())])
def test_version_tuple(text, numbers):
    assert compat.version_tuple(text) == numbers


def test_numpy_module_names():
    assert compat.numpy_pickle_module('numpy._core') == 'numpy.core'
    name = compat.numpy_pickle_module('numpy._core.multiarray')
    assert name == 'numpy.core.multiarray'
    assert name is compat.numpy_pickle_module('numpy._core.multiarray')
    for other in ('numpy', 'numpy._corex', 'numpy.core.multiarray', 'os'):
        assert compat.numpy_pickle_module(other) is other


def test_processes_are_spawned_everywhere():
    assert compat.spawn_context().get_start_method() == 'spawn'
    assert compat.is_windows() is sys.platform.startswith('win')
    if os.name == 'posix':
        compat.ensure_resource_tracker()
        compat.ensure_resource_tracker()


def test_user_error():
    error = UserError("The disk is full.", ["Delete backups.", "Use another disk."])
    assert error.what == "The disk is full." and len(error.remedies) == 2
    assert str(error) == "The disk is full.\n  - Delete backups.\n  - Use another disk."
    assert UserError("x", "one remedy").remedies == ["one remedy"]
    assert str(UserError("x")) == "x"
    copy = pickle.loads(pickle.dumps(error))    # from a worker process
    assert (copy.what, copy.remedies) == (error.what, error.remedies)


@pytest.mark.parametrize('name, platform, language, font', [
    ('ru_RU', 'linux', 'ru', 'cour'), ('zh_CN', 'win32', 'zh', 'simsun_01'),
    ('Chinese (Simplified)_China', 'win32', 'zh', 'simsun_01'),
    ('Russian_Russia', 'win32', 'ru', 'cour'), ('zh_CN', 'darwin', 'zh', 'Apple LiSung Light'),
    ('de_DE', 'linux', 'en', 'cour'), (None, 'linux', 'en', 'cour')])
def test_language(monkeypatch, name, platform, language, font):
    from localization import localization
    monkeypatch.setattr(localization.locale, 'getlocale', lambda: (name, 'UTF-8'))
    monkeypatch.setattr(localization.sys, 'platform', platform)
    assert localization.get_system_language() == language
    monkeypatch.setattr(localization, 'system_language', language)
    assert localization.get_default_ttf_font_name() == font


def test_locale_without_a_language(monkeypatch):
    """A terminal of macOS may set LC_CTYPE=UTF-8, which Python cannot take apart."""
    from localization import localization

    def fail():
        raise ValueError("unknown locale: UTF-8")
    monkeypatch.setattr(localization.locale, 'getlocale', fail)
    assert localization.get_system_language() == 'en'


def test_localization_exports():
    import localization
    assert localization.system_language in ('en', 'ru', 'zh')
    assert localization.StringsDB['S_HOT_KEY']
