#!/usr/bin/env bash
# Times training steps whose work is tables, with this plugin's tables, Native's and the reference's, in turn: tests/bench.sh FOLDER
# [ROUNDS], with DMT=dmt, DIMS="16 64 128". All else is Native's in all three. Prints medians of processor time a step, which a busy machine disturbs less
# than time on the clock: that of 35 steps less that of 5, over 30. Then how many times as fast as the others it is.
set -euo pipefail
folder=$(cd "$1" && pwd)
rounds=${2:-5}
cd "$(dirname "$0")/.."
dmt=${DMT:-dmt}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# seconds BACKEND STEPS: processor time of a run.
seconds() {
  local TIMEFORMAT='%U %S'
  { time "$dmt" train tests/bench.yaml --out "$scratch/run" --replace --set "data.cache=$scratch/cache" --plugin "$folder" \
    --set 'backends=[reference]' --backend "$1" --set "model.dim=$dim" --max-steps "$2" > /dev/null 2>&1; } 2>&1 |
    awk '{ print $1 + $2 }'
}
measure() {
  local short long
  short=$(seconds "$2" 5)
  long=$(seconds "$2" 35)
  awk -v a="$short" -v b="$long" 'BEGIN { print 1000 * (b - a) / 30 }' >> "$scratch/$1-$dim"
}
median() { sort -n "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

printf '%5s %12s %12s %14s %18s %14s\n' dim 'exact, ms' 'native, ms' 'reference, ms' 'reference/exact' 'native/exact'
for dim in ${DIMS:-16 64 128}; do
  for ((round = 0; round < rounds; round++)); do
    measure exact com.example.exact_tables
    measure native native
    measure reference reference
  done
  awk -v dim="$dim" -v e="$(median "$scratch/exact-$dim")" -v n="$(median "$scratch/native-$dim")" \
    -v r="$(median "$scratch/reference-$dim")" \
    'BEGIN { printf "%5d %12.1f %12.1f %14.1f %18.2f %14.2f\n", dim, e, n, r, r / e, n / e }'
done
