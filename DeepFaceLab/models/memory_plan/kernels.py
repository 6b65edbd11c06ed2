"""What the kernels of TensorFlow's ops do with memory: which outputs are their input's buffer,
which may be written over an input that nobody needs any more, and what a kernel takes while it
runs.

Everything that is not named here allocates each of its outputs. Checked against allocation records
by tests/bench/bench_plan.py.
"""
from typing import Dict, FrozenSet, Optional, Sequence, Tuple

# Output 0 is input 0's buffer.
ALIASES: FrozenSet[str] = frozenset((
    'Identity', 'Reshape', 'Squeeze', 'ExpandDims', 'StopGradient', 'PreventGradient', 'Snapshot',
    'PlaceholderWithDefault', 'Assign', 'AssignAdd', 'AssignSub', 'ReadVariableOp',
    'CheckNumerics'))
IDENTITY_N = 'IdentityN'    # output i is input i's buffer
# both outputs are input 0's buffer; one of them is never read
SWITCHES: FrozenSet[str] = frozenset(('Switch', 'RefSwitch'))
MERGE = 'Merge'             # output 0 is the buffer of the branch that was taken: the last, say

# Buffers that outlive the step, or that come from outside of it.
VARIABLES: FrozenSet[str] = frozenset(('VariableV2', 'Variable', 'VarHandleOp'))
KEPT: FrozenSet[str] = VARIABLES | frozenset(('Const', 'Placeholder', 'NoOp'))

# Output 0 is input 0's buffer when both hold the same number of elements.
ALIASES_OF_EQUAL_SIZE: FrozenSet[str] = frozenset((
    'Slice', 'StridedSlice', 'Pad', 'PadV2', 'Sum', 'Mean', 'Max', 'Min', 'Prod', 'BroadcastTo',
    'Tile', 'ConcatV2'))

# Written over the first of these inputs that has the output's shape and type and no other reader.
_UNARY = (
    'Neg', 'Square', 'Sqrt', 'Rsqrt', 'Exp', 'Log', 'Sigmoid', 'Tanh', 'Relu', 'Relu6', 'LeakyRelu',
    'Elu', 'Abs', 'Sign', 'Cos', 'Sin', 'Floor', 'Inv', 'Reciprocal', 'ZerosLike', 'Softplus',
    'BiasAdd')
_BINARY = (
    'Add', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'Maximum', 'Minimum', 'Pow', 'SquaredDifference',
    'SigmoidGrad', 'TanhGrad', 'RsqrtGrad', 'SqrtGrad', 'ReluGrad', 'LeakyReluGrad', 'MulNoNan',
    'DivNoNan', 'FloorDiv', 'FloorMod')
FORWARDED: Dict[str, Optional[Tuple[int, ...]]] = {}
FORWARDED.update({op: (0,) for op in _UNARY})
FORWARDED.update({op: (0, 1) for op in _BINARY})
FORWARDED.update({'Select': (1, 2), 'SelectV2': (1, 2), 'AddN': None})     # None: any of them

# Run at once by the thread that made them ready; all others are handed to the pool on a CPU.
CHEAP: FrozenSet[str] = ALIASES | KEPT | frozenset((
    IDENTITY_N, MERGE, 'Shape', 'ShapeN', 'Size', 'Rank', 'BroadcastGradientArgs',
    'ConcatOffset')) | SWITCHES
CHEAP -= frozenset(('Assign', 'AssignAdd', 'AssignSub', 'CheckNumerics'))

# A value that TensorFlow computes once, when the session's graph is prepared, if its inputs are
# such values; anything random or with a state is not.
NEVER_FOLDED: FrozenSet[str] = KEPT - frozenset(('Const',)) | frozenset((
    'RandomUniform', 'RandomStandardNormal', 'TruncatedNormal', 'RandomUniformInt', 'Assign',
    'AssignAdd', 'AssignSub', 'StatelessRandomUniform', 'Fill'))
SHAPE_READERS: FrozenSet[str] = frozenset(('Shape', 'ShapeN', 'Size', 'Rank'))
FOLDED_BYTES = 10 << 20     # a larger one is computed in every step

CONVOLUTIONS: FrozenSet[str] = frozenset((
    'Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter', 'DepthwiseConv2dNative',
    'DepthwiseConv2dNativeBackpropInput', 'DepthwiseConv2dNativeBackpropFilter'))

# Without oneDNN the gradients of a convolution unfold the image (im2col) into a workspace. That of
# the weights takes as many samples as fill the processor's last cache, whatever the batch.
UNFOLDED: FrozenSet[str] = frozenset(('Conv2DBackpropInput', 'Conv2DBackpropFilter'))


def count_elements(shape: Sequence[int]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count


def get_workspace(op: str, weight: Sequence[int], gradient: Sequence[int], item: int,
                  cache_bytes: int) -> int:
    """Bytes that a convolution's gradient takes while it runs on a CPU without oneDNN.

    weight: (height, width, in, out). gradient: shape of what comes back from the output, either
    data format. item: bytes of a number. cache_bytes: the processor's last-level cache."""
    pixels = count_elements(gradient) // max(1, gradient[0] * weight[3])
    taps = weight[0] * weight[1] * weight[2]
    if op == 'Conv2DBackpropInput':
        return pixels * taps * item
    unit = pixels * taps + pixels * weight[3] + taps * weight[3]
    return -(-(cache_bytes // item) // unit) * pixels * taps * item


def estimate_work(op: str, out_elements: int, in_elements: int, weight: Sequence[int]) -> float:
    """Nominal microseconds on two threads; only the ratios matter, they decide what overlaps."""
    if op in CHEAP:
        return 1.0
    micros = 4.0 + (out_elements + in_elements) * 4e-4
    if op in CONVOLUTIONS and len(weight) == 4:
        images = max(out_elements, in_elements)
        micros += images * weight[0] * weight[1] * weight[3] * 6.5e-6
    return micros
