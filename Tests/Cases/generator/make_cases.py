"""Makes the project's cases: numbers from PyTorch that every backend's operators, modules and optimizers must meet.

    python make_cases.py            writes the cases into the folder above this one
    python make_cases.py --check    writes nothing; fails unless the files there are, byte for byte, what it would write
    python make_cases.py --out DIR  writes them elsewhere
"""

import argparse
import os
import sys
from pathlib import Path

# The same bits on every x86-64 machine: no instruction set of this one in particular, and one thread's order of sums.
os.environ["ATEN_CPU_CAPABILITY"] = "default"
os.environ["MKL_CBWR"] = "COMPATIBLE"
os.environ["OMP_NUM_THREADS"] = "1"

import torch  # noqa: E402

import modules  # noqa: E402
import modules_dhen  # noqa: E402
import modules_wukong  # noqa: E402
import operators_elementwise  # noqa: E402
import operators_products  # noqa: E402
import optimizers  # noqa: E402
import philox  # noqa: E402
import tensor_file  # noqa: E402

FILE_LIMIT = 100_000
FOLDER_LIMIT = 4_500_000


def all_cases():
    for source in (operators_elementwise, operators_products, modules, modules_wukong, modules_dhen, optimizers):
        yield from source.cases()


def encoded():
    """The bytes of every file by name, with what went into them."""
    files = {}
    for case in all_cases():
        if case.file_name in files:
            raise AssertionError(f"two cases are called {case.file_name}")
        metadata, tensors = case.build()
        data = tensor_file.encode(metadata, tensors)
        if len(data) > FILE_LIMIT:
            raise AssertionError(f"{case.file_name} has {len(data)} bytes, more than {FILE_LIMIT}")
        files[case.file_name] = (data, metadata, tensors)
    total = sum(len(data) for data, _, _ in files.values())
    if total > FOLDER_LIMIT:
        raise AssertionError(f"the cases have {total} bytes, more than {FOLDER_LIMIT}")
    return files


def write(files, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.safetensors"):
        if old.name not in files:
            old.unlink()
    for name, (data, metadata, tensors) in files.items():
        (folder / name).write_bytes(data)
        tensor_file.check(folder / name, metadata, tensors)


def differences(files, folder):
    present = {path.name: path for path in folder.glob("*.safetensors")}
    for name in sorted(set(files) | set(present)):
        if name not in present:
            yield f"{name} is missing"
        elif name not in files:
            yield f"{name} is not made by this generator"
        elif present[name].read_bytes() != files[name][0]:
            yield f"{name} differs"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.sparse.check_sparse_tensor_invariants.enable()
    philox.check_known_answers()
    files = encoded()
    if arguments.check:
        found = list(differences(files, arguments.out))
        print("\n".join(found) or f"{len(files)} cases are as they should be")
        return 1 if found else 0
    write(files, arguments.out)
    sizes = [len(data) for data, _, _ in files.values()]
    print(f"{len(files)} cases, {sum(sizes)} bytes, the largest {max(sizes)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
