#!/usr/bin/env bash
# Deals the features of flat.yaml into two towers with the plugin in FOLDER, twice the same, and trains a model with these towers.
# tests/train.sh FOLDER, with DMT=dmt.
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

cp flat.yaml "$scratch/flat.yaml"
for out in one two; do
  "$dmt" partition "$scratch/flat.yaml" --towers 2 --strategy hashed --seed 1 --plugin "$folder" --out "$scratch/$out" > /dev/null
done
cmp "$scratch/one/towers.yaml" "$scratch/two/towers.yaml"
grep -v '^#' "$scratch/one/towers.yaml"
{
  grep -v '^  over_arch' "$scratch/flat.yaml" | sed '/^model:/a\
  towers: { from: one/towers.yaml, module: mlp, widths: [16, 8] }\
  over_arch: { module: dcn, layers: 1, widths: [16] }'
} > "$scratch/towers.yaml"
"$dmt" train "$scratch/towers.yaml" --out "$scratch/run" --plugin "$folder" --json > "$scratch/outcome"
auc=$("$dmt" eval "$scratch/run" --json | grep -oE '"auc" ?: ?[0-9.]+' | grep -oE '[0-9.]+$')
awk -v auc="$auc" 'BEGIN { exit !(auc > 0.55) }' || { echo "the AUC is $auc, expected more than 0.55"; exit 1; }
echo "ok trained with hashed towers: test AUC $auc"
