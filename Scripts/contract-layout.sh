#!/usr/bin/env bash
# Prints the layout of the contract: every constant with its value, every struct with its size, every field with its offset
# and size. A C program, made from the headers' own declarations and compiled with them, says the numbers.
#
#   Scripts/contract-layout.sh [HEADERS]
#
# HEADERS is a folder with dmt/*.h, Sources/CDMTPlugin/include unless given. Lines, fields separated by blanks:
#
#   constant NAME VALUE
#   struct NAME SIZE grows|frozen
#   field STRUCT.NAME OFFSET SIZE TYPE    (TYPE of a function: its declaration)
set -euo pipefail
cd "$(dirname "$0")/.."
headers=${1:-Sources/CDMTPlugin/include}
compiler=${CC:-$(command -v cc || command -v clang || echo cc)}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

awk -f Scripts/contract.awk "$headers"/dmt/*.h > "$scratch/records"
awk -F '\t' '
  BEGIN { print "#include <dmt/dmt.h>\n#include <stdio.h>\nint main(void) {" }
  $1 == "C" && $3 ~ /^"/ { print "  printf(\"constant " $2 " %s\\n\", " $2 ");" }
  $1 == "C" && $3 !~ /^"/ { print "  printf(\"constant " $2 " %lld\\n\", (long long)" $2 ");" }
  $1 == "T" { struct = $2; first = 1; pending = 1 }
  ($1 == "F" || $1 == "P") && pending {
    print "  printf(\"struct " struct " %zu " ($2 == "struct_size" ? "grows" : "frozen") "\\n\", sizeof(" struct "));"
    pending = 0
  }
  $1 == "F" || $1 == "P" {
    type = $3 ($4 == "" ? "" : "[" $4 "]")
    print "  printf(\"field " struct "." $2 " %zu %zu " type "\\n\", offsetof(" struct ", " $2 "), sizeof(((" struct " *)0)->" $2 "));"
  }
  END { print "  return 0;\n}" }
' "$scratch/records" > "$scratch/layout.c"
"$compiler" -std=c11 -I"$headers" "$scratch/layout.c" -o "$scratch/layout"
"$scratch/layout"
