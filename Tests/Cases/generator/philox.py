"""The counter-based random numbers of the project: Philox4x32-10 and what is drawn from it.

`dropout` keys its numbers by (seed, step, node, sample, element), so that a mask does not depend on how a batch is laid
out over ranks or threads. The cases' own inputs come from the same generator: no library's stream can change them.
"""

import numpy as np

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
LOW = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)


def philox4x32(counter, key):
    """Four output words (uint32 arrays) for four counter words (integers or equal-shaped arrays) and two key words."""
    c0, c1, c2, c3 = (np.asarray(word, dtype=np.uint64) & LOW for word in counter)
    k0, k1 = (int(word) & 0xFFFFFFFF for word in key)
    for _ in range(ROUNDS):
        product0 = np.uint64(MULTIPLIERS[0]) * c0
        product1 = np.uint64(MULTIPLIERS[1]) * c2
        c0, c1, c2, c3 = (
            (product1 >> SHIFT) ^ c1 ^ np.uint64(k0),
            product1 & LOW,
            (product0 >> SHIFT) ^ c3 ^ np.uint64(k1),
            product0 & LOW,
        )
        k0 = (k0 + WEYL[0]) & 0xFFFFFFFF
        k1 = (k1 + WEYL[1]) & 0xFFFFFFFF
    return tuple(word.astype(np.uint32) for word in (c0, c1, c2, c3))


def fnv1a(text):
    """32-bit FNV-1a of a name in UTF-8."""
    value = 0x811C9DC5
    for byte in text.encode("utf-8"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def words(count, counter_tail, key):
    """`count` words: word i is lane i % 4 of the block whose counter is (i / 4, *counter_tail)."""
    blocks = np.arange((count + 3) // 4, dtype=np.uint64)
    tail = [np.broadcast_to(np.uint64(word), blocks.shape) for word in counter_tail]
    lanes = philox4x32((blocks, *tail), key)
    return np.stack(lanes, axis=1).reshape(-1)[:count]


def dropout_mask(shape, p, seed, step, node, samples=None):
    """True where `dropout` keeps an element of a tensor of this shape, whose first dimension counts the samples.

    key     = (low 32 bits of seed, high 32 bits of seed)
    counter = (element / 4, low 32 bits of the global sample number, step, FNV-1a of the node's name)
    element = index inside its own sample, row-major over all dimensions but the first
    word    = output word element % 4;   the element is dropped when word < floor(p * 2^32)
    """
    width = int(np.prod(shape[1:], dtype=np.int64))
    key = (seed & 0xFFFFFFFF, seed >> 32)
    threshold = int(np.floor(p * 2.0**32))
    numbers = range(shape[0]) if samples is None else samples
    drawn = [words(width, (sample & 0xFFFFFFFF, step, fnv1a(node)), key) for sample in numbers]
    return (np.stack(drawn).astype(np.uint64) >= threshold).reshape(shape)


def uniform(shape, stream):
    """Float32 numbers in [-1, 1) on a grid of 2^-23: exact, and the same on every machine. `stream` is three words."""
    count = int(np.prod(shape, dtype=np.int64))
    drawn = words(count, stream, (0, 0)) >> np.uint32(8)
    return (drawn.astype(np.float64) * 2.0**-23 - 1.0).astype(np.float32).reshape(shape)


KNOWN_ANSWERS = (  # Random123's kat_vectors, philox4x32 with 10 rounds: counter, key, output
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)


def check_known_answers():
    """Compares this file with Random123's published vectors and FNV's published hashes."""
    for counter, key, answer in KNOWN_ANSWERS:
        got = tuple(int(word) for word in philox4x32(counter, key))
        if got != answer:
            raise AssertionError(f"philox4x32-10 of {counter} {key}: {got}, not {answer}")
    if (fnv1a(""), fnv1a("a"), fnv1a("foobar")) != (0x811C9DC5, 0xE40C292C, 0xBF9CF968):
        raise AssertionError("FNV-1a does not give its published hashes")
