"""Writes safetensors files byte for byte the same every time.

The library's own writer keeps metadata in a hash map, whose order differs from run to run; here all is sorted.
"""

import json
import struct

import numpy as np

DTYPES = {np.dtype(np.float64): "F64", np.dtype(np.int64): "I64", np.dtype(np.float32): "F32"}


def encode(metadata, tensors):
    """The bytes of a safetensors file: a padded JSON header, then the tensors, widest elements first, then by name."""
    header = {"__metadata__": dict(sorted(metadata.items()))}
    parts = []
    offset = 0
    for name, array in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        header[name] = {
            "dtype": DTYPES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def check(path, metadata, tensors):
    """Reads a written file back with the safetensors library and compares all of it."""
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        if file.metadata() != metadata or set(file.keys()) != set(tensors):
            raise AssertionError(f"{path}: the library reads other metadata or other tensors")
        for name, array in tensors.items():
            read = file.get_tensor(name)
            if read.dtype != array.dtype or read.shape != array.shape or not np.array_equal(read, array):
                raise AssertionError(f"{path}: the library reads another {name}")
