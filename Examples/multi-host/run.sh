#!/usr/bin/env bash
# The multi-host experiment: flat, SPTT alone and DMT on several hosts with limited links, alternately.
#
#   Examples/multi-host/run.sh [FOLDER]       the default grid, under 20 minutes; FULL=1 runs all settings
#
# FOLDER (default runs/multi-host) receives a folder for every setting and round, multi-host.json, multi-host.svg and the
# table. A setting that is there already is not run again: the same command goes on where it was stopped.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=${1:-runs/multi-host}
hosts_script=Examples/multi-host/hosts.sh
# Samples of a global batch and steps of a run; the first ones warm up and do not count.
batch=${BATCH:-8192}
steps=${STEPS:-8}
rounds=${ROUNDS:-3}
# Trainings to the end, each with another seed, whose median test AUC is told.
seeds=${SEEDS:-3}
mkdir -p "$out"

trap '$hosts_script down > /dev/null 2>&1 || true' EXIT

# settings KIND MODEL CR: the manifest and what is set in it.
settings() {
  case $1 in
  flat) echo "Examples/multi-host/$2.yaml" ;;
  sptt) echo "Examples/multi-host/$2.yaml --set sharding.strategy=sptt" ;;
  dmt)
    # 26 x 32 numbers in four towers; a tower's output is one vector for the dots of DLRM.
    local out=$((208 / $3)) more=""
    [ "$2" != dlrm ] || more=" --set model.over_arch.dim=$out --set model.over_arch.bottom=[32,$out]"
    echo "Examples/multi-host/dmt-$2.yaml --set model.towers.out=$out$more"
    ;;
  esac
}

# auc KIND MODEL CR: whole trainings in one process, which ranks repeat (dmt verify); SPTT has flat's.
auc() {
  local folder=$out/auc/$2-$1-$3 arguments seed
  read -ra arguments < <(settings "$@")
  mkdir -p "$folder"
  for seed in $(seq 1 "$seeds"); do
    [ ! -s "$folder/seed-$seed.json" ] || continue
    echo "$2 $1 CR $3, trained to the end, seed $seed of $seeds"
    bin/dmt train "${arguments[@]}" --set "train.seed=$seed" --out "$folder/seed-$seed" --replace --json \
      > "$folder/seed-$seed.json.new" 2> "$folder/seed-$seed.log"
    mv "$folder/seed-$seed.json.new" "$folder/seed-$seed.json"
  done
}

# measure KIND MODEL CR HOSTS RANKS RATE ROUND
measure() {
  local folder=$out/$2-$1-$3-$4x$5-$6/round-$7 arguments
  [ -e "$folder/done" ] && return
  read -ra arguments < <(settings "$1" "$2" "$3")
  rm -rf "$folder"
  mkdir -p "$folder"
  "$hosts_script" run "$5" "$PWD/bin/dmt" train "${arguments[@]}" --out "$PWD/$folder/run" --max-steps "$steps" \
    --set "train.batch=$batch" > "$folder/output" 2>&1 ||
    { tail -5 "$folder/output" >&2; return 1; }
  touch "$folder/done"
}

# grid HOSTS RANKS RATE..: every model and kind, round after round, so that each ratio is of runs next to each other.
grid() {
  local hosts=$1 ranks=$2 rate round model kind
  shift 2
  "$hosts_script" up "$hosts" 1gbit
  for rate in "$@"; do
    "$hosts_script" rate "${rate}mbit"
    for round in $(seq 1 "$rounds"); do
      for model in dcn dlrm; do
        for kind in "flat 1" "sptt 1" "dmt 2" "dmt 4" "dmt 8"; do
          read -r name ratio <<< "$kind"
          echo "$model $name CR $ratio, ${hosts}x$ranks ranks, $rate Mbit/s, round $round of $rounds"
          measure "$name" "$model" "$ratio" "$hosts" "$ranks" "$rate" "$round"
        done
      done
    done
  done
  "$hosts_script" down
}

for model in dcn dlrm; do
  for kind in "flat 1" "dmt 2" "dmt 4" "dmt 8"; do
    read -r name ratio <<< "$kind"
    auc "$name" "$model" "$ratio"
  done
done
if [ "${FULL:-0}" = 1 ]; then
  for hosts in 2 4 8; do grid "$hosts" 2 100 300 1000; done
else
  grid 4 2 100 200 1000
  rounds=$(((rounds + 1) / 2))
  grid 2 2 200
  grid 8 1 200
fi
bin/dmt bench multi-host "$out"
