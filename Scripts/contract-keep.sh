#!/usr/bin/env bash
# Keeps the headers of the contract's current minor, with their layout, in Tests/Fixtures/Headers/MAJOR.MINOR: plugins
# compiled from them are loaded and run by every later host (docs/abi.md, "A new minor").
#
#   Scripts/contract-keep.sh             until the minor is released it is kept anew every time; after that it stays
#   Scripts/contract-keep.sh --release   keeps it for the last time: from now on it does not change
set -euo pipefail
cd "$(dirname "$0")/.."
headers=${DMT_CONTRACT_HEADERS:-Sources/CDMTPlugin/include}
kept=${DMT_CONTRACT_KEPT:-Tests/Fixtures/Headers}

constant() { awk -v name="DMT_ABI_$1" '$1 == "#define" && $2 == name { print $3 }' "$headers/dmt/base.h"; }
version=$(constant MAJOR).$(constant MINOR)
folder=$kept/$version

if [ -e "$folder/released" ]; then
  if Scripts/contract-layout.sh "$headers" | cmp -s "$folder/layout.txt" -; then
    echo "contract $version is released, and the headers have its layout"
    exit 0
  fi
  echo "contract $version is released and does not change any more: raise DMT_ABI_MINOR in base.h (docs/abi.md)" >&2
  exit 64
fi
rm -rf "$folder"
mkdir -p "$folder/dmt"
cp "$headers"/dmt/*.h "$folder/dmt/"
Scripts/contract-layout.sh "$headers" > "$folder/layout.txt"
[ "${1:-}" != --release ] || echo "Released: this folder does not change any more." > "$folder/released"
echo "kept contract $version in $folder: $(grep -c '^struct' "$folder/layout.txt") structs"
