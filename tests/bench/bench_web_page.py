"""What the page of `train --web` takes from a training: host time of a step, three ways in one run.

    python tests/bench/bench_web_page.py              6 rounds of 100 steps each way
    python tests/bench/bench_web_page.py --quick      2 rounds of 40

    off      no page
    polling  the page, and four clients that ask for the state once a second and for every picture
    unread   the page, and eight clients that ask for a picture and never read it

The ways take turns in one process that trains a small df-ud of 128 px, batch 8, on rendered faces.
With a page the trainer sends new previews (5 x 4 faces, noise) and 100,000 iterations of losses
every 25 steps. Host time is that of a step of the training loop outside of session.run, without
waiting for samples. session.run itself only sleeps, as if a card computed meanwhile (--device-ms, 0
computes). Clients are a process of their own. The last line is one JSON object.
"""
import argparse
import json
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve()
for folder in ('tests/bench', 'DeepFaceLab'):
    sys.path.insert(0, str(HERE.parents[2] / folder))

import bench_feed_trainer as feed  # noqa: E402  needs the path
from measured_child import run_child  # noqa: E402

WAYS = ('off', 'polling', 'unread')
POLLING_CLIENTS = 4
UNREAD_CLIENTS = 8
POLL_SEC = 1.0
SHOW_STEPS = 25
PREVIEW_SHAPE = (800, 1000, 3)
LOSSES = 100000


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--quick', action='store_true', help='2 rounds of 40 steps')
    p.add_argument('--rounds', type=int, default=0, metavar='N', help='turns of each way (6)')
    p.add_argument('--steps', type=int, default=0, metavar='N', help='of a turn (100)')
    p.add_argument('--device-ms', type=float, default=30.0, metavar='MS',
                   help='how long session.run sleeps; 0 lets it compute')
    p.add_argument('--child', help=argparse.SUPPRESS)
    p.add_argument('--client', nargs=2, metavar=('WAY', 'URL'), help=argparse.SUPPRESS)
    return p.parse_args()


# -- clients: one process

class Counts(object):
    """answers and picture bytes that the clients of a process have taken."""

    def __init__(self):
        self.lock = threading.Lock()
        self.states = self.pictures = self.bytes = 0

    def add(self, states=0, pictures=0, size=0):
        with self.lock:
            self.states += states
            self.pictures += pictures
            self.bytes += size


def poll_page(port, token, counts):
    """As page.js does: the state once a second, and the pictures that have changed."""
    import http.client

    def ask(path, cookie=''):
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
        connection.request('GET', path, headers={'Cookie': cookie})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body
    cookie = ask('/?token=' + token)[0].getheader('Set-Cookie').split(';')[0]
    shown = None
    while True:
        answer, body = ask('/state', cookie)
        state = json.loads(body.decode('utf-8'))
        counts.add(states=1)
        if state['shown'] != shown:
            shown = state['shown']
            for path in ('/preview/%d.png' % state['selected'], '/chart.png?width=1216'):
                answer, body = ask(path, cookie)
                counts.add(pictures=int(answer.status == 200), size=len(body))
        time.sleep(POLL_SEC)


def hold_page(port, token, connections):
    """Asks for a picture and reads nothing of it."""
    import http.client
    first = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
    first.request('GET', '/?token=' + token)
    cookie = first.getresponse().getheader('Set-Cookie').split(';')[0]
    first.close()
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(('127.0.0.1', port))
    connection.sendall(('GET /preview/0.png HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n'
                        % cookie).encode('ascii'))
    connections.append(connection)


def run_client(way, url):
    """Until standard input ends."""
    port, token = re.match(r'http://127\.0\.0\.1:(\d+)/\?token=(\S+)', url).groups()
    counts, connections = Counts(), []
    if way == 'polling':
        for _ in range(POLLING_CLIENTS):
            threading.Thread(target=poll_page, args=(int(port), token, counts),
                             daemon=True).start()
    else:
        for _ in range(UNREAD_CLIENTS):
            hold_page(int(port), token, connections)
    print('ready', flush=True)
    sys.stdin.read()
    print(json.dumps(dict(clients=len(connections) or POLLING_CLIENTS, states=counts.states,
                          pictures=counts.pictures, bytes=counts.bytes)), flush=True)


# -- the training: one process

class Watched(object):
    """A page and its clients beside a training loop, for one turn of a way."""

    def __init__(self, loop, way):
        from mainscripts.web_page.page import TrainingPage
        self.loop = loop
        self.page = TrainingPage(loop.state, lambda op: loop.s2c.put({'op': op}))
        self.send_show()
        self.is_over = threading.Event()
        self.receiver = threading.Thread(target=self.receive)
        self.receiver.start()
        self.client = subprocess.Popen(
            [sys.executable, str(HERE), '--client', way, self.page.url], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.client.stdout.readline()

    def send_show(self):
        import numpy as np
        previews = [(name, np.random.uniform(0, 1, PREVIEW_SHAPE).astype(np.float32))
                    for name in ('SAEHD', 'SAEHD masked')]
        self.loop.c2s.put({'op': 'show', 'previews': previews, 'iter': LOSSES,
                           'loss_history': [[1.0, 0.5]] * LOSSES})

    def receive(self):
        """The part of the main thread (Trainer.run_headless_loop)."""
        from mainscripts.Trainer import POLL_SEC, take_message
        while not self.is_over.wait(POLL_SEC):
            message = take_message(self.loop.c2s)
            if message is not None:
                self.loop.state.receive(message)

    def end(self):
        counts = json.loads(self.client.communicate()[0].decode('utf-8'))
        self.is_over.set()
        self.receiver.join()
        self.page.close()
        return counts


def measure_turn(loop, clock, pools, way, steps):
    """[seconds of the host in each step], what clients took."""
    watched = None if way == 'off' else Watched(loop, way)
    seconds = []
    for number in range(steps):
        if watched is not None and number % SHOW_STEPS == SHOW_STEPS - 1:
            watched.send_show()
        start, ran = time.perf_counter(), clock.seconds
        waited = sum(pool.meter.total.waited for pool in pools)
        feed.run_step(loop)
        wall = time.perf_counter() - start
        waited = sum(pool.meter.total.waited for pool in pools) - waited
        seconds.append(wall - (clock.seconds - ran) - waited)
    return seconds, {} if watched is None else watched.end()


def measure(root, rounds, steps, device_ms):
    import numpy as np
    from core.leras import nn
    loop = feed.start_loop(Path(root), feed.SMALL)
    nn.tf_sess = clock = feed.SessionClock(nn.tf_sess)
    pools = [generator.pool for generator in loop.model.get_training_data_generators()]
    feed.run_step(loop)
    clock.device_ms = device_ms
    measure_turn(loop, clock, pools, 'off', feed.WARM_UP)
    seconds = {way: [] for way in WAYS}
    taken = {way: {} for way in WAYS}
    for number in range(rounds):
        for way in WAYS[number % 3:] + WAYS[:number % 3]:
            some, counts = measure_turn(loop, clock, pools, way, steps)
            seconds[way] += some
            for name, count in counts.items():
                is_sum = name != 'clients'
                taken[way][name] = count + (taken[way].get(name, 0) if is_sum else 0)
    nn.tf_sess = clock._session
    loop.model.finalize()
    return {way: dict(taken[way], steps=len(seconds[way]),
                      host_ms=1000 * float(np.median(seconds[way])),
                      host_p95_ms=1000 * float(np.percentile(seconds[way], 95)),
                      host_mean_ms=1000 * float(np.mean(seconds[way]))) for way in WAYS}


def main():
    arguments = parse_arguments()
    if arguments.client:
        run_client(*arguments.client)
        return
    if arguments.child:
        import multiprocessing
        multiprocessing.set_start_method('spawn')
        print(json.dumps(measure(**json.loads(arguments.child))))
        return
    job = dict(rounds=arguments.rounds or (2 if arguments.quick else 6),
               steps=arguments.steps or (40 if arguments.quick else 100),
               device_ms=arguments.device_ms)
    with tempfile.TemporaryDirectory() as folder:
        for who in ('src', 'dst'):
            feed.write_faces(Path(folder) / who, who, feed.FACES, feed.FACE_SIZE)
        result = run_child(HERE, ['--child', json.dumps(dict(job, root=folder))],
                           {'DFL_WEB_PORT': '0'})
    for way, item in result.items():
        clients = ', %d clients took %d states and %d pictures (%.1f MB)' % (
            item['clients'], item['states'], item['pictures'], item['bytes'] / 2 ** 20
        ) if item.get('clients') else ''
        print('%-8s %d steps, host %.3f ms (median), %.3f (95 %%), %.3f (mean)%s'
              % (way, item['steps'], item['host_ms'], item['host_p95_ms'], item['host_mean_ms'],
                 clients))
    print(json.dumps(dict(job, machine='%s, %d cores' % (platform.machine(), os.cpu_count()),
                          python=platform.python_version(), ways=result)))


if __name__ == '__main__':
    main()
