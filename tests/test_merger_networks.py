"""merger/networks.py: networks that are made on demand, and what is remembered of them."""
import numpy as np
import pytest

from core.errors import UserError
from merger.networks import CACHE_BYTES, NetworkOnDemand, ResultCache


def test_cache_forgets_what_was_not_used():
    cache = ResultCache(3000)
    values = [(np.full(250, i, np.float32),) * 1 for i in range(4)]     # 1000 bytes each
    for i, value in enumerate(values):
        cache.put(b'%d' % i, value)
        cache.get(b'0')
    assert cache.get(b'1') is None and cache.get(b'0') is values[0] and cache.get(b'3') is values[3]
    assert CACHE_BYTES > 1 << 20


def test_networks_of_an_interactive_merge_compute_nothing_twice():
    seen = []

    class Network:
        def extract(self, face, strength=1):
            seen.append(strength)
            return face * strength
    face = np.random.RandomState(0).rand(8, 8, 3).astype(np.float32)
    network = NetworkOnDemand(Network, 'extract')
    for _ in range(2):
        assert (network(face) == face).all()
    assert network.remember_results() is network and len(seen) == 2
    for strength in (1, 2, 1, 2):
        assert (network(face, strength=strength) == face * strength).all()
    assert seen[2:] == [1, 2]


def test_network_remembers_why_it_is_missing():
    class Network:
        def __init__(self):
            raise UserError('It is not here.')
    network = NetworkOnDemand(Network, 'extract')
    assert network.user_error is None
    with pytest.raises(UserError):
        network(1)
    assert network.user_error.what == 'It is not here.'
