#!/usr/bin/env bash
# Trains tables.yaml twice, once with the reference's tables and once with this plugin's: the checkpoints have to be equal, byte for
# byte. tests/train.sh FOLDER, with DMT=dmt.
set -euo pipefail
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
dmt=${DMT:-dmt}
if ! command -v "$dmt" > /dev/null; then
  echo "no $dmt here: not trained with"
  exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

train() {
  "$dmt" train tables.yaml --out "$scratch/$1" --set "data.cache=$scratch/cache" --set 'backends=[reference]' --max-steps 12 \
    --set "train.tables.name=$2" --plugin "$folder" "${@:3}" 2>&1
}
for optimizer in sgd adagrad rowwise_adagrad lazy_adam; do
  train "reference-$optimizer" "$optimizer" > "$scratch/log"
  train "exact-$optimizer" "$optimizer" --backend com.example.exact_tables > "$scratch/log"
  grep -q 'com.example.exact_tables: tables' "$scratch/log" || { cat "$scratch/log"; echo "the plugin did not serve"; exit 1; }
  cmp "$scratch/reference-$optimizer/checkpoint.safetensors" "$scratch/exact-$optimizer/checkpoint.safetensors"
  echo "ok $optimizer: after 12 steps the checkpoint is the reference's, byte for byte"
done
