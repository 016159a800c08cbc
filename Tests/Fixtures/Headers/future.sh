#!/usr/bin/env bash
# Writes headers as a later minor might have them to OUT/dmt: every struct that grows is longer, the minor is 7 more, and
# nothing else changed. Plugins compiled from them have to load and run on today's host.
#
#   Tests/Fixtures/Headers/future.sh OUT
set -euo pipefail
out=$1
cd "$(dirname "$0")/../../.."
mkdir -p "$out/dmt"
for header in Sources/CDMTPlugin/include/dmt/*.h; do
  awk '
    /^DMT_STATIC_ASSERT/ { next }
    /^#define DMT_ABI_MINOR / { print "#define DMT_ABI_MINOR " $3 + 7; next }
    /^typedef struct [a-z0-9_]+ \{$/ { first = 1; grows = 0 }
    /^    [a-z].*;$/ && first { grows = ($0 ~ /uint32_t struct_size;/); first = 0 }
    /^\} dmt_[a-z0-9_]+;$/ && grows { print "    uint64_t of_a_later_minor[3];"; grows = 0 }
    { print }
  ' "$header" > "$out/dmt/$(basename "$header")"
done
