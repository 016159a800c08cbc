#!/usr/bin/env bash
# Holds the bytes that `dmt explain --ranks` expects on the links against the links' own counters.
#
#   Examples/multi-host/check-bytes.sh [MANIFEST [DMT ARGUMENTS..]]      default: dcn.yaml, table_wise; then SPTT; then DMT
#
# A model is trained for N and for 2 N steps: the difference of the counters is N steps, without start, end and evaluation.
# Fails where a host's link carries more than 5 % above or below what is expected. Needs `make` and root; see hosts.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."

hosts=${HOSTS:-4}
ranks=${RANKS:-2}
# Twice as many stay inside the first epoch: its end has an evaluation.
steps=${STEPS:-10}
batch=${BATCH:-8192}
rate=${RATE:-1gbit}
hosts_script=Examples/multi-host/hosts.sh
scratch=$(mktemp -d)
is_up=0

finish() {
  [ "$is_up" = 0 ] || "$hosts_script" down > /dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap finish EXIT

# expected ARGUMENTS..: a line for each host, the bytes that its ranks send to other hosts in a step.
expected() {
  local json
  json=$(bin/dmt explain "$@" --ranks "${hosts}x$ranks" --set "train.batch=$batch" --json | tr -d ' \n')
  # The collectives' bytes forward and backward, and those of the over-arch's and the towers' gradients: a list of ranks each.
  {
    sed -E 's/.*"overArch":\[([^]]*)\].*/\1/' <<< "$json"
    sed -E 's/.*"towers":\[(\{"acrossHosts"[^]]*)\].*/\1/' <<< "$json"
    sed -E 's/.*"traffic":\{"backward":\[([^]]*)\],"forward":\[([^]]*)\].*/\1\n\2/' <<< "$json"
  } | awk -v ranks="$ranks" '
    {
      rank = 0
      while (match($0, /"acrossHosts":[0-9]+/)) {
        sum[int(rank / ranks)] += substr($0, RSTART + 14, RLENGTH - 14)
        $0 = substr($0, RSTART + RLENGTH)
        rank++
      }
    }
    END { for (host = 0; host in sum; host++) print sum[host] }'
}

# train STEPS ARGUMENTS..: prints what each link carried meanwhile.
train() {
  local count=$1
  shift
  "$hosts_script" bytes > "$scratch/before"
  "$hosts_script" run "$ranks" "$PWD/bin/dmt" train "$@" --out "$scratch/run" --replace --max-steps "$count" \
    --set "train.batch=$batch" > "$scratch/output" 2>&1 || { tail -20 "$scratch/output" >&2; return 1; }
  "$hosts_script" bytes > "$scratch/after"
  paste "$scratch/before" "$scratch/after" | awk '{ print $4 - $2 }'
}

# check TITLE ARGUMENTS..
check() {
  local title=$1
  shift
  expected "$@" > "$scratch/expected"
  train "$steps" "$@" > "$scratch/once"
  train $((2 * steps)) "$@" > "$scratch/twice"
  echo "$title, ${hosts}x$ranks ranks, batches of $batch, $steps steps"
  paste "$scratch/expected" "$scratch/once" "$scratch/twice" | awk -v steps="$steps" '
    {
      measured = ($3 - $2) / steps
      error = 100 * (measured / $1 - 1)
      printf "  host%d  expected %10d bytes a step, measured %10d  %+.1f %%\n", NR, $1, measured, error
      if (error > 5 || error < -5) bad = 1
    }
    END { exit bad }' || failed+=("$title")
}

failed=()
"$hosts_script" up "$hosts" "$rate"
is_up=1
if [ $# -gt 0 ]; then
  check "$*" "$@"
else
  check "flat" Examples/multi-host/dcn.yaml
  check "SPTT" Examples/multi-host/dcn.yaml --set sharding.strategy=sptt
  check "DMT CR 4" Examples/multi-host/dmt-dcn.yaml
fi
[ ${#failed[@]} -eq 0 ] || { printf 'more than 5 %% away: %s\n' "${failed[@]}" >&2; exit 1; }
