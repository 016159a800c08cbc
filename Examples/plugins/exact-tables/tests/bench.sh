#!/usr/bin/env bash
# Times training steps whose work is tables, with this plugin's tables, Native's and the reference's, in turn: tests/bench.sh FOLDER
# [ROUNDS], with DMT=dmt. All else is Native's in all three. Prints medians of samples a second, and ratios to the reference.
set -euo pipefail
folder=$(cd "$1" && pwd)
rounds=${2:-5}
cd "$(dirname "$0")/.."
dmt=${DMT:-dmt}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# speed NAME BACKEND: samples a second of one run.
speed() {
  "$dmt" train tests/bench.yaml --out "$scratch/run" --replace --set "data.cache=$scratch/cache" --plugin "$folder" \
    --set 'backends=[reference]' --backend "$2" --set "model.dim=$dim" --max-steps 40 --json 2> /dev/null |
    grep -oE '"samplesPerSecond" ?: ?[0-9.]+' | grep -oE '[0-9.]+$' >> "$scratch/$1-$dim"
}
median() { sort -n "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

printf '%5s %14s %14s %14s %18s %18s\n' dim exact native reference exact/reference exact/native
for dim in 16 64 128; do
  for ((round = 0; round < rounds; round++)); do
    speed exact com.example.exact_tables
    speed native native
    speed reference reference
  done
  awk -v dim="$dim" -v e="$(median "$scratch/exact-$dim")" -v n="$(median "$scratch/native-$dim")" \
    -v r="$(median "$scratch/reference-$dim")" \
    'BEGIN { printf "%5d %14.0f %14.0f %14.0f %18.2f %18.2f\n", dim, e, n, r, e / r, e / n }'
done
