"""A measurement in a process of its own: one TensorFlow, one environment, nothing left behind."""
import json
import os
import subprocess
import sys

# TensorFlow sees the CPU only and is quiet
CPU_ENVIRONMENT = dict(TF_CPP_MIN_LOG_LEVEL='3', NN_DEVICES_INITIALIZED='1', NN_DEVICES_COUNT='0')


def run_child(script, arguments, environment):
    """Run `script` with this Python; what its last line says (JSON).

    environment: {name: value, or None for a variable that is not to be there} on top of this
    process's and CPU_ENVIRONMENT. RuntimeError with the end of its output when it fails.
    """
    variables = dict(os.environ, **CPU_ENVIRONMENT)
    for name, value in environment.items():
        variables.pop(name, None)
        if value is not None:
            variables[name] = str(value)
    done = subprocess.run([sys.executable, str(script)] + [str(x) for x in arguments],
                          env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    text = done.stdout.decode('utf-8', 'replace')
    if done.returncode != 0:
        raise RuntimeError('the measured process ended with %d:\n%s' % (
            done.returncode, text[-3000:]))
    return json.loads(text.strip().splitlines()[-1])
