#!/usr/bin/env bash
# Makes the tables of docs/quality.md again, one command a table: Examples/quality/run.sh TABLE [OPTION OF dmt compare ..]
#
#   goodbooks        the headline: flat DCN, two towers in turn, three learned towers; 9 seeds
#   goodbooks-flat   flat DCN, DLRM, DeepFM, Wukong, DHEN
#   goodbooks-dlrm   DLRM, flat and with three learned towers        goodbooks-wukong   the same of Wukong
#   goodbooks-width  tower widths, assignments and numbers of towers at the settings of dmt-dcn-strided.yaml
#   goodbooks-common flat over-archs and towers, all at one setting  goodbooks-towers   finds Examples/goodbooks/towers again
#   movielens, kdd2012, planted
#
# Manifests and runs go to comparisons/quality/TABLE; a run that is there already is not made again. CHECK=1 stops after
# checking the manifests. The data of movielens and kdd2012 do not ship: DMT_STUDY_DATA names a folder that holds
# ml-latest-small/{ratings,movies}.csv.xz and kddcup2012-click-small/Click_prediction_small.csv.xz.
set -euo pipefail
cd "$(dirname "$0")/../.."

table=${1:?"a table, see the head of $0"}
shift
seeds=3
work=comparisons/quality/$table
study_data=${DMT_STUDY_DATA:-$PWD/Examples/quality/data}
mkdir -p "$work"
manifests=()

# The data's files as overrides, absolute, since the variants are written to another folder.
data=(--set data.cache="$PWD/Examples/goodbooks/.dmt" --set data.path="$PWD/Examples/goodbooks/data/ratings.csv.xz"
  --set data.join.0.path="$PWD/Examples/goodbooks/data/books.csv.xz")
base=Examples/goodbooks/dcn.yaml

# needs FILE: an error that says where the data should be.
needs() {
  [ -f "$1" ] || { echo "$table: no $1; set DMT_STUDY_DATA to the folder of the data (see $0)" >&2; exit 66; }
}

# variant NAME OVERRIDE ..: writes $base with the overrides as $work/NAME.yaml and adds it to the table.
variant() {
  local name=$1 sets=() value
  shift
  for value in "$@"; do sets+=(--set "$value"); done
  bin/dmt config "$base" --plain "${data[@]}" --set "name=$name" \
    --set 'train.early_stopping={metric: auc, patience: 99}' "${sets[@]}" > "$work/$name.yaml"
  bin/dmt check "$work/$name.yaml" > /dev/null
  manifests+=("$work/$name.yaml")
}

# settings LR TABLE_LR L2 DROPOUT EPOCHS -> the array `tuned`
settings() {
  tuned=("train.optimizer.lr=$1" "train.tables.lr=$2" "train.tables.weight_decay=$3" "model.over_arch.dropout=$4" "train.epochs=$5")
}

# partition TOWERS STRATEGY OVERRIDE ..: the learned towers file of $base, from a flat run that is trained once.
partition() {
  local to=$PWD/$work/towers/$1-$2 sets=() from=() value
  [ -f "$to/towers.yaml" ] && { echo "$to/towers.yaml"; return; }
  for value in "${@:3}"; do sets+=(--set "$value"); done
  [ -d "$work/towers/flat" ] && from=(--from "$work/towers/flat")
  bin/dmt partition "$base" "${data[@]}" "${sets[@]}" --towers "$1" --strategy "$2" "${from[@]}" --out "$to" >&2
  [ -d "$to/flat" ] && mv "$to/flat" "$work/towers/flat"
  echo "$to/towers.yaml"
}

dcn() { echo "model.over_arch={module: dcn, form: parallel, layers: ${1:-3}, widths: ${2:-[256, 128, 64]}}"; }
dlrm() { echo "model.over_arch={module: dlrm, top: ${1:-[256, 128, 64]}, cat: true}"; }
deepfm='model.over_arch={module: deepfm, first_order: true, widths: [256, 128, 64]}'
wukong='model.over_arch={module: wukong, layers: 2, k: 4, fm_features: 4, lc_features: 4, mlp: [64], top: [256, 128, 64]}'
dhen='model.over_arch={module: dhen, layers: 2, parts: [dot, attention, linear], vectors: 3, heads: 2, top: [256, 128, 64]}'
strided() { echo "model.towers={count: $1, assign: strided, $2}"; }
learned() { echo "model.towers={from: $1, $2}"; }
tower_dcn() { echo "module: tower.dcn, layers: ${2:-1}, out: $1"; }
tower_linear() { echo "module: tower.linear, c: 0, p: 1, dim: $1"; }
tower_fm() { echo "module: tower.fm, k: 4, fm_features: 2, lc_features: 2, mlp: [64], out: $1"; }
tower_dhen() { echo "module: tower.dhen, parts: [${2:-dot, linear}], vectors: 2, out: $1"; }
# What flat models were first tried at, and what learned towers were found from.
reference=(train.optimizer.lr=0.01 train.tables.lr=0.01 train.tables.weight_decay=1e-4 model.over_arch.dropout=0.5 train.epochs=3)

# study WIDTH TOWERS OUT [SPLIT]: the rows that movielens, kdd2012 and planted share, after their flat ones. WIDTH numbers enter the
# towers; the tower modules are compared with TOWERS towers.
study() {
  local width=$1 towers=$2 split=${3:-} count strategy more
  for count in 2 4 8; do
    more=()
    [ "$count" = 8 ] && [ -n "$split" ] && more=("model.split=$split")
    variant "strided-$count" "${over[@]}" "${more[@]}" "$(strided $count "$(tower_dcn $((width / 2 / count)))")" "${tuned[@]}"
    for strategy in coherent diverse; do
      variant "$strategy-$count" "${over[@]}" "$(learned "$(partition $count $strategy)" "$(tower_dcn $((width / 2 / count)))")" "${tuned[@]}"
    done
  done
  local file out=$((width / 2 / towers))
  file=$(partition "$towers" coherent)
  for count in 4 8; do
    variant "coherent-$towers-cr$count" "${over[@]}" "$(learned "$file" "$(tower_dcn $((width / count / towers)))")" "${tuned[@]}"
  done
  variant "coherent-$towers-linear" "${over[@]}" "$(learned "$file" "$(tower_linear $out)")" "${tuned[@]}"
  variant "coherent-$towers-fm" "${over[@]}" "$(learned "$file" "$(tower_fm $out)")" "${tuned[@]}"
  variant "coherent-$towers-dhen" "${over[@]}" "$(learned "$file" "$(tower_dhen $out)")" "${tuned[@]}"
}

case $table in
goodbooks)
  seeds=9
  manifests=(Examples/goodbooks/{dcn,dmt-dcn-strided,dmt-dcn-learned}.yaml)
  ;;
goodbooks-flat) manifests=(Examples/goodbooks/{dcn,dlrm,deepfm,wukong,dhen}.yaml) ;;
goodbooks-dlrm) manifests=(Examples/goodbooks/{dlrm,dmt-dlrm-learned}.yaml) ;;
goodbooks-wukong) manifests=(Examples/goodbooks/{wukong,dmt-wukong-learned}.yaml) ;;
goodbooks-towers)
  for count in 2 3 4 8; do
    for strategy in coherent diverse; do partition $count $strategy "${reference[@]}"; done
  done
  exit
  ;;
goodbooks-width)
  manifests=(Examples/goodbooks/dcn.yaml)
  settings 0.01 0.02 2e-5 0.3 5
  variant flat-slim "$(dcn 3 '[128, 64]')" "${tuned[@]}"
  settings 0.03 0.03 5e-5 0.4 5
  for out in 32 20 10 5; do variant "strided-2-out$out" "$(dcn)" "$(strided 2 "$(tower_dcn $out)")" "${tuned[@]}"; done
  for strategy in coherent diverse; do
    variant "$strategy-2-out32" "$(dcn)" "$(learned "$(partition 2 $strategy "${reference[@]}")" "$(tower_dcn 32)")" "${tuned[@]}"
  done
  variant strided-4-out16 "$(dcn)" "$(strided 4 "$(tower_dcn 16)")" "${tuned[@]}"
  variant strided-8-out8 "$(dcn)" 'model.split={user: [8, 8], book: [8, 8], year: [8, 8], language: [8, 8], authors: [8, 8]}' \
    "$(strided 8 "$(tower_dcn 8)")" "${tuned[@]}"
  ;;
goodbooks-common)
  seeds=2
  tuned=("${reference[@]}")
  for layers in 3 1 2 4 5; do variant "flat-$layers" "$(dcn $layers)" "${tuned[@]}"; done
  variant flat-rank16 'model.over_arch={module: dcn, form: parallel, layers: 3, rank: 16, widths: [256, 128, 64]}' "${tuned[@]}"
  variant flat-stacked 'model.over_arch={module: dcn, form: stacked, layers: 3, widths: [256, 128, 64]}' "${tuned[@]}"
  variant flat-slim "$(dcn 3 '[128, 64]')" "${tuned[@]}"
  variant flat-wide "$(dcn 3 '[512, 256, 128]')" "${tuned[@]}"
  file=$(partition 2 diverse "${reference[@]}")
  for layers in 0 1 2; do variant "diverse-2-dcn$layers" "$(dcn)" "$(learned "$file" "$(tower_dcn 32 $layers)")" "${tuned[@]}"; done
  for out in 24 40; do variant "diverse-2-out$out" "$(dcn)" "$(learned "$file" "$(tower_dcn $out)")" "${tuned[@]}"; done
  variant diverse-2-linear "$(dcn)" "$(learned "$file" 'module: tower.linear, c: 0, p: 2, dim: 16')" "${tuned[@]}"
  variant diverse-2-fm "$(dcn)" "$(learned "$file" "$(tower_fm 32)")" "${tuned[@]}"
  variant diverse-2-dhen "$(dcn)" "$(learned "$file" "$(tower_dhen 32 'linear, mlp')")" "${tuned[@]}"
  variant coherent-2 "$(dcn)" "$(learned "$(partition 2 coherent "${reference[@]}")" "$(tower_dcn 32)")" "${tuned[@]}"
  for strategy in coherent diverse; do
    variant "$strategy-4" "$(dcn)" "$(learned "$(partition 4 $strategy "${reference[@]}")" "$(tower_dcn 16)")" "${tuned[@]}"
  done
  variant diverse-8 "$(dcn)" "$(learned "$(partition 8 diverse "${reference[@]}")" "$(tower_dcn 8)")" "${tuned[@]}"
  ;;
movielens)
  seeds=5
  base=Examples/quality/movielens.yaml
  needs "$study_data/ml-latest-small/ratings.csv.xz"
  data=(--set data.cache="$PWD/$work/.dmt" --set data.path="$study_data/ml-latest-small/ratings.csv.xz"
    --set data.join.0.path="$study_data/ml-latest-small/movies.csv.xz")
  over=("$(dcn)")
  settings 0.01 0.01 1e-4 0.2 4
  variant flat-dcn "${over[@]}" "${tuned[@]}"
  variant flat-dcn-slim "$(dcn 3 '[128, 64]')" "${tuned[@]}"
  variant flat-deepfm "$deepfm" "${tuned[@]}"
  settings 0.005 0.005 3e-4 0.5 4
  variant flat-dlrm "$(dlrm)" "${tuned[@]}"
  variant flat-dlrm-slim "$(dlrm '[128, 64]')" "${tuned[@]}"
  settings 0.01 0.01 3e-5 0.2 4
  variant flat-wukong "$wukong" "${tuned[@]}"
  settings 0.002 0.002 1e-3 0.2 4
  variant flat-dhen "$dhen" "${tuned[@]}"
  settings 0.01 0.01 1e-4 0.2 4
  study 80 2 '{user: [8, 8], movie: [8, 8], words: [8, 8], time: [8, 8], genres: [8, 8]}'
  ;;
kdd2012)
  base=Examples/quality/kdd2012.yaml
  needs "$study_data/kddcup2012-click-small/Click_prediction_small.csv.xz"
  data=(--set data.cache="$PWD/$work/.dmt" --set data.path="$study_data/kddcup2012-click-small/Click_prediction_small.csv.xz")
  over=("$(dcn)")
  settings 0.004 0.004 0.1 0.2 16
  variant flat-dcn "${over[@]}" "${tuned[@]}"
  variant flat-dcn-slim "$(dcn 3 '[128, 64]')" "${tuned[@]}"
  variant flat-deepfm "$deepfm" "${tuned[@]}"
  settings 0.004 0.004 0.05 0.2 16
  variant flat-dlrm "$(dlrm)" "${tuned[@]}"
  variant flat-dlrm-slim "$(dlrm '[128, 64]')" "${tuned[@]}"
  settings 0.0005 0.0005 0.1 0.2 16
  variant flat-wukong "$wukong" "${tuned[@]}"
  settings 0.0005 0.0005 0.05 0.5 16
  variant flat-dhen "$dhen" "${tuned[@]}"
  settings 0.001 0.001 0.02 0.5 16
  study 176 2
  ;;
planted)
  base=Examples/synthetic/planted.yaml
  data=(--set data.cache="$PWD/$work/.dmt")
  over=('model.over_arch={module: dcn, form: parallel, layers: 3, rank: 32, widths: [64, 32]}')
  # rates LR TABLE_LR -> the array `tuned`
  rates() { tuned=("train.optimizer.lr=$1" "train.tables.lr=$2" train.epochs=5); }
  rates 0.002 0.1
  variant flat-dcn "${over[@]}" "${tuned[@]}"
  variant flat-dcn-slim 'model.over_arch={module: dcn, form: parallel, layers: 3, rank: 32, widths: [32]}' "${tuned[@]}"
  rates 0.002 0.05
  variant flat-dlrm 'model.over_arch={module: dlrm, bottom: [32, 16], top: [64, 32], cat: true}' "${tuned[@]}"
  variant flat-dlrm-slim 'model.over_arch={module: dlrm, bottom: [32, 16], top: [32], cat: true}' "${tuned[@]}"
  variant flat-deepfm 'model.over_arch={module: deepfm, dim: 16, first_order: true, widths: [64, 32]}' "${tuned[@]}"
  rates 0.001 0.1
  variant flat-wukong 'model.over_arch={module: wukong, layers: 2, k: 8, fm_features: 8, lc_features: 8, mlp: [64], top: [64, 32]}' "${tuned[@]}"
  variant flat-dhen 'model.over_arch={module: dhen, layers: 1, parts: [dot, linear], vectors: 8, top: [64, 32]}' "${tuned[@]}"
  rates 0.002 0.1
  study 416 4
  ;;
*)
  echo "no table $table: see the head of $0" >&2
  exit 64
  ;;
esac

[ -n "${CHECK:-}" ] && { printf 'checked %s\n' "${manifests[@]}"; exit; }
bin/dmt compare "${manifests[@]}" --seeds $seeds --out "$work" "$@"
