"""The loss scale of fp16: one for each optimizer, skipped steps, growth, its file."""
import dfl_patches
import numpy as np
import pytest
import saehd_support as support
from core.leras import nn
from dfl_patches import loss_scale, scale_file

OPTIMIZERS = ('AdaBelief', 'RMSprop')


@pytest.fixture(autouse=True)
def engine():
    support.start_engine()
    dfl_patches.apply_selected(nn, ['fp16'])
    yield
    dfl_patches.remove_all(nn)


class Trained:
    """A weight (3,) whose gradient is what is fed, its optimizer and its step."""

    def __init__(self, name, optimizer='AdaBelief', gradients_first=False, towers=1, **options):
        tf = nn.tf
        with tf.variable_scope(name):
            self.weight = tf.get_variable('weight', (3,), initializer=tf.zeros_initializer())
        self.fed = tf.placeholder(tf.float32, (3,))
        self.optimizer = getattr(nn, optimizer)(name=name + '_opt', lr=0.1, **options)
        if not gradients_first:
            self.optimizer.initialize_variables([self.weight])
        loss = [tf.reduce_sum(self.weight * self.fed) for _ in range(towers)]
        self.gradients = nn.average_gv_list([nn.gradients(x, [self.weight]) for x in loss])
        if gradients_first:
            self.optimizer.initialize_variables([self.weight])
        self.update = self.optimizer.get_update_op(self.gradients)
        nn.init_weights([self.weight])
        self.optimizer.init_weights()

    def step(self, *fed):
        nn.tf_sess.run(self.update, {self.fed: fed})

    def read(self):
        return nn.tf_sess.run([self.weight] + self.optimizer.get_weights())

    def get_state(self):
        """(scale, good steps)"""
        return tuple(nn.tf_sess.run(get_scale(self.optimizer).state))


def get_scale(optimizer):
    for scale in nn.tf.get_collection(loss_scale._GRAPH_KEY)[0].values():
        if scale.optimizer is optimizer:
            return scale
    raise AssertionError('no scale of ' + optimizer.name)


def equal(first, second):
    return all(np.array_equal(x, y) for x, y in zip(first, second))


@pytest.mark.parametrize('optimizer', OPTIMIZERS)
@pytest.mark.parametrize('options', [{}, dict(clipnorm=1.0), dict(lr_dropout=0.5, lr_cos=7)])
@pytest.mark.parametrize('bad', [np.inf, np.nan])
def test_a_bad_gradient_skips_one_step_of_one_optimizer(optimizer, options, bad):
    one = Trained('one', optimizer, **options)
    other = Trained('other', optimizer, **options)
    for trained in (one, other):
        trained.step(1, 2, 3)
    before, other_before = one.read(), other.read()
    one.step(1, bad, 3)
    other.step(1, 2, 3)
    assert equal(one.read(), before)
    assert one.get_state() == (loss_scale.START / 2, 0)
    assert not equal(other.read(), other_before)
    assert other.get_state() == (loss_scale.START, 2)
    one.step(1, 2, 3)
    after = one.read()
    assert after[1] == before[1] + 1 and not np.array_equal(after[0], before[0])
    assert one.get_state() == (loss_scale.START / 2, 1)


def test_gradients_are_the_true_ones():
    trained = Trained('one')
    for scale in (1.0, 2.0 ** 20):
        nn.batch_set_value([(get_scale(trained.optimizer).state, [scale, 0])])
        value = nn.tf_sess.run(trained.gradients[0][0], {trained.fed: [1e-7, 2, -3]})
        assert np.array_equal(value, np.float32([1e-7, 2, -3]))


def test_scale_saves_gradients_from_underflow():
    tf = nn.tf
    weight = tf.get_variable('net/weight', (), initializer=tf.ones_initializer())
    nn.init_weights([weight])
    loss = tf.cast(tf.cast(weight, tf.float16), tf.float32) * 1e-9
    assert nn.tf_sess.run(tf.gradients(loss, weight)[0]) == 0
    value = nn.tf_sess.run(nn.gradients(loss, [weight])[0][0])
    assert abs(value / 1e-9 - 1) < 1e-2


def test_scale_grows_after_2000_good_steps_up_to_its_ceiling():
    trained = Trained('one')
    trained.step(1, 2, 3)
    state = get_scale(trained.optimizer).state
    nn.batch_set_value([(state, [loss_scale.START, 1998])])
    trained.step(1, 2, 3)
    assert trained.get_state() == (loss_scale.START, 1999)
    trained.step(1, 2, 3)
    assert trained.get_state() == (loss_scale.START * 2, 0)
    nn.batch_set_value([(state, [loss_scale.CEILING, 1999])])
    trained.step(1, 2, 3)
    assert trained.get_state() == (loss_scale.CEILING, 0)


def test_scale_stops_at_its_floor():
    trained = Trained('one')
    trained.step(1, np.inf, 3)
    nn.batch_set_value([(get_scale(trained.optimizer).state, [loss_scale.FLOOR, 5])])
    trained.step(1, np.inf, 3)
    assert trained.get_state() == (loss_scale.FLOOR, 0)


@pytest.mark.parametrize('options', [dict(gradients_first=True), dict(towers=2)])
def test_scale_finds_its_optimizer(options):
    trained = Trained('one', **options)
    trained.step(1, np.nan, 3)
    assert trained.get_state() == (loss_scale.START / 2, 0)
    assert not trained.read()[0].any()


def test_optimizers_that_share_weights_have_scales_of_their_own():
    """The second trains a part of what the first trains."""
    tf = nn.tf
    with tf.variable_scope('net'):
        weights = [tf.get_variable(name, (2,), initializer=tf.zeros_initializer())
                   for name in ('first', 'second')]
    nn.init_weights(weights)
    fed = tf.placeholder(tf.float32, (2,))
    optimizers, updates = [], []
    for number, own in enumerate((weights, weights[:1])):
        optimizer = nn.RMSprop(name='opt%d' % number, lr=0.1)
        optimizer.initialize_variables(own)
        optimizer.init_weights()
        optimizers.append(optimizer)
    for optimizer, own in zip(optimizers, (weights, weights[:1])):
        updates.append(optimizer.get_update_op(
            nn.gradients(sum(w * fed for w in own), own)))
    nn.tf_sess.run(updates[0], {fed: [1, np.inf]})
    nn.tf_sess.run(updates[1], {fed: [1, 2]})
    states = [tuple(nn.tf_sess.run(get_scale(optimizer).state)) for optimizer in optimizers]
    assert states == [(loss_scale.START / 2, 0), (loss_scale.START, 1)]


def test_a_tree_may_hand_on_that_there_is_no_gradient(monkeypatch):
    """Where its nn.gradients is no error for it; with every patch in the way."""
    dfl_patches.remove_all(nn)
    tf = nn.tf
    monkeypatch.setattr(nn, 'gradients', staticmethod(
        lambda loss, vars: list(zip(tf.gradients(loss, vars), vars))))
    dfl_patches.apply_selected(nn, ['fp16', 'recompute', 'lean_updates', 'deterministic'])
    with tf.variable_scope('net'):
        weights = [tf.get_variable(name, (2,), initializer=tf.zeros_initializer())
                   for name in ('rests', 'learns')]
    nn.init_weights(weights)
    gradients = nn.gradients(weights[1] * 3.0, weights)
    assert [(g is None, v) for g, v in gradients] == [(True, weights[0]), (False, weights[1])]
    optimizer = nn.RMSprop(name='opt', lr=0.1)
    optimizer.initialize_variables(weights)
    update = optimizer.get_update_op((g, v) for g, v in gradients if g is not None)
    optimizer.init_weights()
    nn.tf_sess.run(update)
    rests, learns = nn.tf_sess.run(weights)
    assert not rests.any() and learns.all()
    dfl_patches.remove_all(nn)      # before the tree's own nn.gradients comes back


def test_an_optimizer_of_a_plugin_is_guarded_too():
    class Plain(nn.OptimizerBase):
        def __init__(self, name):
            super().__init__(name=name)

        def initialize_variables(self, weights):
            self.weights = weights

        def get_update_op(self, grads_vars):
            return nn.tf.group(*[nn.tf.assign_sub(v, g) for g, v in grads_vars])
    weight = nn.tf.get_variable('net/weight', (2,), initializer=nn.tf.zeros_initializer())
    nn.init_weights([weight])
    optimizer = Plain('plain')
    optimizer.initialize_variables([weight])
    fed = nn.tf.placeholder(nn.tf.float32, (2,))
    update = optimizer.get_update_op(nn.gradients(weight * fed, [weight]))
    nn.tf_sess.run(update, {fed: [1, np.inf]})
    assert np.array_equal(nn.tf_sess.run(weight), [0, 0])
    nn.tf_sess.run(update, {fed: [1, 2]})
    assert np.array_equal(nn.tf_sess.run(weight), [-1, -2])


def test_an_optimizer_that_calls_its_base_is_guarded_once():
    class Derived(nn.RMSprop):
        def get_update_op(self, grads_vars):
            return super().get_update_op(grads_vars)
    nn.Derived = Derived
    try:
        trained = Trained('one', 'Derived')
    finally:
        del nn.Derived
    trained.step(1, np.inf, 3)
    assert trained.get_state() == (loss_scale.START / 2, 0)


@pytest.mark.parametrize('optimizer', OPTIMIZERS)
def test_schedules_are_float32s_across_iteration_65520(optimizer):
    """Where a counter in float16 becomes infinite."""
    options = dict(lr_cos=500, lr_dropout=0.3)
    np.random.seed(3)
    patched = Trained('one', optimizer, **options)
    dfl_patches.remove_all(nn)
    np.random.seed(3)
    plain = Trained('two', optimizer, **options)
    for trained in (patched, plain):
        nn.batch_set_value([(trained.optimizer.iterations, 65515)])
        for _ in range(10):
            trained.step(1, 2, 3)
    assert equal(patched.read(), plain.read())
    assert np.isfinite(patched.read()[0]).all() and patched.read()[0].any()
    assert patched.read()[1] == 65525


def test_scale_returns_with_its_optimizer(tmp_path):
    path = tmp_path / 'm_SAEHD_src_dst_opt.npy'
    trained = Trained('one')
    trained.step(1, np.inf, 3)
    trained.step(1, 2, 3)
    trained.optimizer.save_weights(str(path))
    assert scale_file.name_scale_file(path).name == 'm_SAEHD_src_dst_opt_loss_scale.json'

    def restart():
        support.start_engine()
        again = Trained('one')
        assert again.optimizer.load_weights(str(path))
        return again
    assert restart().get_state() == (loss_scale.START / 2, 1)
    scale_file.name_scale_file(path).unlink()
    again = restart()
    again.step(1, 2, 3)
    assert again.get_state() == (loss_scale.START, 1)


def test_only_floats_are_added_and_none_is_the_models(tmp_path):
    trained = Trained('one')
    names = {v.name for v in nn.tf.global_variables()}
    assert names == {w.name for w in trained.optimizer.get_weights()} | {trained.weight.name}
    added = nn.tf.get_collection(nn.tf.GraphKeys.LOCAL_VARIABLES)
    assert [v.dtype.base_dtype for v in added] == [nn.tf.float32]


def test_a_scale_at_its_floor_is_said_at_save(tmp_path, capsys):
    trained = Trained('one')
    trained.step(1, 2, 3)
    nn.batch_set_value([(get_scale(trained.optimizer).state, [loss_scale.FLOOR, 5])])
    trained.optimizer.save_weights(str(tmp_path / 'opt.npy'))
    assert 'one_opt' in capsys.readouterr().err
