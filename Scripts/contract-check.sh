#!/usr/bin/env bash
# Holds today's headers against those of every released minor of the same major (docs/abi.md, "What may change"): nothing
# that was there has moved, changed its size, its type or its value, or gone away.
#
#   Scripts/contract-check.sh [HEADERS [KEPT]]
#
# HEADERS is a folder with dmt/*.h (Sources/CDMTPlugin/include), KEPT one with a folder a minor (Tests/Fixtures/Headers).
set -euo pipefail
cd "$(dirname "$0")/.."
headers=${1:-Sources/CDMTPlugin/include}
kept=${2:-Tests/Fixtures/Headers}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

Scripts/contract-layout.sh "$headers" > "$scratch/today"
number() { awk -v name="DMT_ABI_$1" '$1 == "constant" && $2 == name { print $3 }' "$scratch/today"; }
major=$(number MAJOR)
current=$major.$(number MINOR)
failures=0

if [ ! -f "$kept/$current/layout.txt" ]; then
  echo "contract $current is not kept: Scripts/contract-keep.sh"
  failures=1
elif ! diff -u "$kept/$current/layout.txt" "$scratch/today" > "$scratch/difference"; then
  echo "the headers are not those of contract $current any more: raise DMT_ABI_MINOR (docs/abi.md), or, before $current is released, make contract"
  grep '^[-+][a-z]' "$scratch/difference"
  failures=1
fi

for layout in "$kept/$major".*/layout.txt; do
  [ -f "$layout" ] || continue
  version=$(basename "$(dirname "$layout")")
  awk -v version="$version" '
    FNR == NR { today[$1 " " $2] = $0; size[$2] = $3; next }
    $1 == "constant" && $2 == "DMT_ABI_MINOR" { next }
    !(($1 " " $2) in today) { print "contract " version " has " $1 " " $2 ", today it is gone"; bad = 1; next }
    $1 == "struct" && $4 == "grows" && today[$1 " " $2] ~ / grows$/ && size[$2] >= $3 { next }
    today[$1 " " $2] != $0 { print "contract " version ": " $0 "\n  today: " today[$1 " " $2]; bad = 1 }
    END { exit bad }
  ' "$scratch/today" "$layout" || failures=1
done
[ "$failures" -eq 0 ] && echo "contract $current keeps $(find "$kept" -path "*/$major.*/layout.txt" | wc -l) minors"
