#!/usr/bin/env bash
# Checks every manifest under Examples, and the one in README.md, then trains each whose data are here for a few steps and
# evaluates the run: Examples/run-all.sh [STEPS], 20 unless said. Then looks for the planted groups of the synthetic data, which
# trains two models to their end. Needs `make`. Goes on after a failure, fails at the end.
set -uo pipefail
cd "$(dirname "$0")/.."

steps=${1:-20}
scratch=$(mktemp -d)
# The README's manifest names its files from the repository's root, so it has to lie there.
readme=readme-manifest.yaml
trap 'rm -rf "$scratch" "$readme"' EXIT

sed -n '/^```yaml$/,/^```$/p' README.md | sed '/^```/d' > "$readme"
manifests=()
for file in Examples/*/*.yaml "$readme"; do
  # Towers files lie beside the manifests that name them.
  [[ $file == *-towers.yaml ]] || manifests+=("$file")
done
failed=()

# run_example MANIFEST
run_example() {
  local run
  # Criteo's terabyte is not here, and no such tables fit here: these manifests are explained.
  case $1 in
  Examples/criteo-terabyte/*)
    bin/dmt check "$1" && bin/dmt explain "$1" --json | grep -q '"mflops_per_sample"'
    return
    ;;
  # Data that do not ship: these manifests are checked, and trained where somebody put the data.
  Examples/quality/*)
    if [ ! -d Examples/quality/data ]; then
      echo "no Examples/quality/data: checked, not trained"
      bin/dmt check "$1"
      return
    fi
    ;;
  # Trained by `make multi-host`, on hosts of its own.
  Examples/multi-host/*)
    bin/dmt check "$1" && bin/dmt explain "$1" --ranks 4x2 --json | grep -q '"acrossHosts"'
    return
    ;;
  esac
  run=$scratch/$(echo "${1%.yaml}" | tr '/' '-')
  bin/dmt check "$1" &&
    bin/dmt train "$1" --out "$run" --set train.epochs=1 --max-steps "$steps" &&
    bin/dmt eval "$run" --json > "$run.json" &&
    grep -q '"auc"' "$run.json"
}

# finds_planted MANIFEST TOWERS [TOWERS-FILE]: the learned partition is the planted one, and the towers file holds it.
finds_planted() {
  local out
  out=$scratch/$(basename "$1" .yaml)-towers
  bin/dmt partition "$1" --towers "$2" --strategy coherent --out "$out" &&
    grep -q '"adjusted_rand_index":1,' "$out/partition.json" &&
    { [ $# -lt 3 ] || diff "$3" "$out/towers.yaml"; }
}

for manifest in "${manifests[@]}"; do
  echo "--- $manifest, $steps steps"
  if run_example "$manifest"; then
    echo "ok $manifest"
  else
    echo "FAILED $manifest"
    failed+=("$manifest")
  fi
done

# The same model on ranks that are threads.
layouts=("2x4 sptt" "3x2 table_wise" "1x5 row_wise")
for layout in "${layouts[@]}"; do
  read -r ranks strategy <<< "$layout"
  echo "--- Examples/goodbooks/dmt-dcn-sptt.yaml on $ranks ranks, $strategy"
  if bin/dmt verify Examples/goodbooks/dmt-dcn-sptt.yaml --ranks "$ranks" --strategy "$strategy" &&
    bin/dmt launch Examples/goodbooks/dmt-dcn-sptt.yaml --ranks "$ranks" --set "sharding.strategy=$strategy" \
      --out "$scratch/ranks-$ranks" --max-steps "$steps"; then
    echo "ok $layout"
  else
    echo "FAILED $layout"
    failed+=("$layout")
  fi
done

planted=(
  "Examples/synthetic/planted.yaml 4 Examples/synthetic/planted-towers.yaml"
  "Examples/synthetic/planted-100.yaml 8"
)
for check in "${planted[@]}"; do
  echo "--- the planted groups of $check"
  # shellcheck disable=SC2086
  if finds_planted $check; then
    echo "ok $check"
  else
    echo "FAILED $check"
    failed+=("planted groups of $check")
  fi
done

all=$((${#manifests[@]} + ${#layouts[@]} + ${#planted[@]}))
echo "$((all - ${#failed[@]})) of $all examples passed"
[ ${#failed[@]} -eq 0 ] || { printf 'failed: %s\n' "${failed[@]}"; exit 1; }
