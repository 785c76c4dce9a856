"""Machine words out of byte arrays: eight bytes as one integer, sixty-four bytes as one mask. Building blocks for kernels.

They are vector instructions written out (LLVM lowers them to whatever the processor has), because a loop over bytes is not
turned into a bit mask by itself. None checks bounds: callers keep the padding that the docstrings name. Little-endian.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

BLOCK = 64
_I8, _I64 = ir.IntType(8), ir.IntType(64)
_VECTOR = ir.VectorType(_I8, BLOCK)


def _pointer(context, builder, array_type, array, index):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index])


def _splat(value):
    return ir.Constant(_VECTOR, [value] * BLOCK)


def _mask(builder, bits):
    return builder.bitcast(bits, _I64)


@intrinsic
def load_word(typing_context, array, index):
    """The eight bytes from `index` on as uint64. The array must hold them."""

    def codegen(context, builder, signature, arguments):
        at = builder.bitcast(_pointer(context, builder, signature.args[0], *arguments), _I64.as_pointer())
        return builder.load(at, align=1)

    return types.uint64(array, types.int64), codegen


@intrinsic
def store_word(typing_context, array, index, word):
    """Writes a uint64 as the eight bytes from `index` on. The array must hold them."""

    def codegen(context, builder, signature, arguments):
        at = builder.bitcast(_pointer(context, builder, signature.args[0], *arguments[:2]), _I64.as_pointer())
        builder.store(arguments[2], at, align=1)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.uint64), codegen


@intrinsic
def trailing_zeros(typing_context, word):
    """Zero bits below the lowest one bit of a uint64; 64 for 0."""

    def codegen(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), codegen


@intrinsic
def count_ones(typing_context, word):
    """How many bits of a uint64 are one."""

    def codegen(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), codegen


@intrinsic
def leading_zeros(typing_context, word):
    """Zero bits above the highest one bit of a uint64; 64 for 0."""

    def codegen(context, builder, signature, arguments):
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), codegen


@intrinsic
def nonzero_mask(typing_context, array, index):
    """Bit i says whether byte `index + i` is not 0, for 64 bytes. The array must hold them."""

    def codegen(context, builder, signature, arguments):
        at = builder.bitcast(_pointer(context, builder, signature.args[0], *arguments), _VECTOR.as_pointer())
        block = builder.load(at, align=1)
        return _mask(builder, builder.icmp_unsigned("!=", block, _splat(0)))

    return types.uint64(array, types.int64), codegen


@intrinsic
def fold_block(typing_context, source, index, target, put):
    """Writes 64 bytes of `source` to `target`: ASCII letters in lower case, digits as they are, everything else 0.

    Returns the mask of the bytes that are not ASCII. Both arrays must hold the 64 bytes.
    """

    def codegen(context, builder, signature, arguments):
        read = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        write = _pointer(context, builder, signature.args[2], arguments[2], arguments[3])
        block = builder.load(builder.bitcast(read, _VECTOR.as_pointer()), align=1)
        lower = builder.or_(block, _splat(0x20))  # digits have the bit already
        letter = builder.icmp_unsigned("<", builder.sub(lower, _splat(ord("a"))), _splat(26))
        digit = builder.icmp_unsigned("<", builder.sub(block, _splat(ord("0"))), _splat(10))
        folded = builder.select(builder.or_(letter, digit), lower, _splat(0))
        builder.store(folded, builder.bitcast(write, _VECTOR.as_pointer()), align=1)
        return _mask(builder, builder.icmp_signed("<", block, _splat(0)))

    return types.uint64(source, types.int64, target, types.int64), codegen


@intrinsic
def copy_bytes(typing_context, source, index, target, put, count):
    """Copies `count` bytes from `source[index]` on to `target[put]` on; the arrays must not overlap.

    Assigning a slice does the same a byte at a time.
    """

    def codegen(context, builder, signature, arguments):
        read = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        write = _pointer(context, builder, signature.args[2], arguments[2], arguments[3])
        cgutils.raw_memcpy(builder, write, read, arguments[4], 1)
        return context.get_dummy_value()

    return types.void(source, types.int64, target, types.int64, types.int64), codegen


@intrinsic
def range_mask(typing_context, array, index, low, count):
    """Bit i says whether byte `index + i` is one of the `count` values from `low` on, for 64 bytes. The array must hold them."""

    def spread(builder, value):
        one = builder.insert_element(
            ir.Constant(_VECTOR, ir.Undefined), builder.trunc(value, _I8), ir.Constant(ir.IntType(32), 0)
        )
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), BLOCK), [0] * BLOCK)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), zeros)

    def codegen(context, builder, signature, arguments):
        at = builder.bitcast(_pointer(context, builder, signature.args[0], *arguments[:2]), _VECTOR.as_pointer())
        above = builder.sub(builder.load(at, align=1), spread(builder, arguments[2]))
        return _mask(builder, builder.icmp_unsigned("<", above, spread(builder, arguments[3])))

    return types.uint64(array, types.int64, types.int64, types.int64), codegen
