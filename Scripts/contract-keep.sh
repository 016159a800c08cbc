#!/usr/bin/env bash
# Keeps the headers of the contract's current minor, with their layout, in Tests/Fixtures/Headers/MAJOR.MINOR: plugins
# compiled from them are loaded and run by every later host (docs/abi.md, "A new minor").
#
#   Scripts/contract-keep.sh           a minor that is kept already is an error
#   Scripts/contract-keep.sh --again   keeps it once more: only before the minor is released
set -euo pipefail
cd "$(dirname "$0")/.."
headers=Sources/CDMTPlugin/include

constant() { awk -v name="DMT_ABI_$1" '$1 == "#define" && $2 == name { print $3 }' "$headers/dmt/base.h"; }
version=$(constant MAJOR).$(constant MINOR)
folder=Tests/Fixtures/Headers/$version

if [ -e "$folder" ] && [ "${1:-}" != --again ]; then
  echo "$folder is kept already: what was released does not change; raise DMT_ABI_MINOR, or, when $version was not released, --again" >&2
  exit 64
fi
rm -rf "$folder"
mkdir -p "$folder/dmt"
cp "$headers"/dmt/*.h "$folder/dmt/"
Scripts/contract-layout.sh "$headers" > "$folder/layout.txt"
echo "kept contract $version in $folder: $(grep -c '^struct' "$folder/layout.txt") structs"
