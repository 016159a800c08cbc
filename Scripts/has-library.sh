#!/usr/bin/env bash
# Succeeds when a C program can include HEADER and link LIBRARY here: Scripts/has-library.sh HEADER LIBRARY
set -euo pipefail

# A bare Swift image has clang beside swift, and may have no cc.
compiler=${CC:-$(command -v cc || command -v clang || echo cc)}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
printf '#include <%s>\nint main(void) { return 0; }\n' "$1" > "$scratch/probe.c"
"$compiler" "$scratch/probe.c" -l"$2" -o "$scratch/probe" > "$scratch/log" 2>&1
