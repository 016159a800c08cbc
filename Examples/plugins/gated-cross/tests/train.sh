#!/usr/bin/env bash
# Trains train.yaml with the plugin in FOLDER: the model has to be found here, and to rank better than chance. tests/train.sh FOLDER,
# with DMT=dmt.
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

"$dmt" check train.yaml --plugin "$folder"
"$dmt" train train.yaml --plugin "$folder" --out "$scratch/run" --set "data.cache=$scratch/cache" --json > "$scratch/outcome"
auc=$("$dmt" eval "$scratch/run" --plugin "$folder" --json | grep -oE '"auc" ?: ?[0-9.]+' | grep -oE '[0-9.]+$')
awk -v auc="$auc" 'BEGIN { exit !(auc > 0.6) }' || { echo "the AUC is $auc, expected more than 0.6"; exit 1; }
echo "ok trained: test AUC $auc"
