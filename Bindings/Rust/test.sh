#!/usr/bin/env bash
# Holds the Rust bindings against the C headers: Bindings/Rust/test.sh [INCLUDE-FOLDER]. rustc says how it lays every struct out,
# the C compiler says whether the headers agree; no struct and no constant of the headers may be missing.
set -euo pipefail
cd "$(dirname "$0")"

include=${1:-../../Sources/CDMTPlugin/include}
rustc=${RUSTC:-rustc}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$rustc" --edition 2021 -A dead_code -o "$scratch/layout" layout.rs
"$scratch/layout" > "$scratch/layout.c"
"${CC:-cc}" -std=c11 -fsyntax-only -I "$include" "$scratch/layout.c"

missing=0
while read -r name; do
  grep -qE "pub (struct|type|const) $name\b" contract.rs || { echo "contract.rs has no $name"; missing=1; }
done < <(cat "$include"/dmt/*.h | grep -oE '^(typedef struct|#define) +[Dd][Mm][Tt]_\w+ [^(]' | awk '{ print $2 == "struct" ? $3 : $2 }' | grep -vE '_H$|^DMT_EXPORT$')
[ "$missing" -eq 0 ]
echo "$(grep -c _Static_assert "$scratch/layout.c") sizes and offsets are those of the headers"
