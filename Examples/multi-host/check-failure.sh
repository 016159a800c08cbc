#!/usr/bin/env bash
# What a failure does to a training: first a host's link is cut, then a rank is killed. Every other rank has to end within the
# timeout, with an error that names rank, step and collective. A run that `dmt launch` started has to go on by itself from its
# checkpoint when the link is back, although mpirun waits for the lost host for ever; one that mpirun started when it is resumed.
#
#   Examples/multi-host/check-failure.sh [FOLDER]      FOLDER keeps the runs' output; default: a temporary one
#
# Needs `make` and root; see hosts.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."

hosts=${HOSTS:-4}
ranks=${RANKS:-2}
timeout=${TIMEOUT:-10}
# Open MPI and a busy machine need some time beside the timeout, to end a process.
grace=${GRACE:-15}
manifest=Examples/multi-host/dmt-dcn.yaml
hosts_script=Examples/multi-host/hosts.sh
dmt=$PWD/bin/dmt
folder=${1:-}
is_scratch=0
[ -n "$folder" ] || { folder=$(mktemp -d) && is_scratch=1; }
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
is_up=0
launcher=""

finish() {
  [ -z "$launcher" ] || kill "$launcher" 2> /dev/null || true
  [ "$is_up" = 0 ] || "$hosts_script" down > /dev/null 2>&1 || true
  [ "$is_scratch" = 0 ] || rm -rf "$folder"
}
trap finish EXIT

say() { echo "$(date +%T) $*"; }

# ranks_of RUN: the processes of its ranks, without mpirun, its daemons and what started those.
ranks_of() { pgrep -f "^$dmt train .*$1" || true; }

# begin NAME COMMAND..: starts a run by a command of hosts.sh, waits until it trains.
begin() {
  local log=$folder/$1/log.jsonl name=$1
  shift
  rm -rf "${folder:?}/$name"
  "$hosts_script" "$@" "$manifest" --out "$folder/$name" --set train.batch=4096 --set train.epochs=100 \
    --set "interconnect.timeout=$timeout" --set train.checkpoint_every=20 > "$folder/$name.output" 2>&1 &
  launcher=$!
  set -- "$name"
  for _ in $(seq 1 600); do
    ! grep -qs '"step":30[,}]' "$log" || return 0
    kill -0 "$launcher" 2> /dev/null || break
    sleep 0.2
  done
  tail -5 "$folder/$1.output" >&2
  echo "the run did not get to step 30" >&2
  return 1
}

# ends NAME: waits for the ranks, fails when one is there after the timeout and the grace.
ends() {
  local start=$SECONDS left
  while left=$(ranks_of "$folder/$1") && [ -n "$left" ]; do
    if [ $((SECONDS - start)) -gt $((timeout + grace)) ]; then
      say "still there after $((SECONDS - start)) s: $(wc -w <<< "$left") ranks"
      return 1
    fi
    sleep 0.2
  done
  say "every rank ended after $((SECONDS - start)) s; timeout $timeout s"
  grep -h "^step [0-9]*: .*error: rank" "$folder/$1.output" | sed -E 's/ \(look for.*//; s/^/  /' | sort -u || true
}

# restarts NAME: waits for the end of a launch that goes on by itself.
restarts() {
  local code=0
  for _ in $(seq 1 600); do
    kill -0 "$launcher" 2> /dev/null || break
    sleep 0.5
  done
  ! kill -TERM "$launcher" 2> /dev/null || say "the launch was still there and was ended"
  wait "$launcher" || code=$?
  launcher=""
  grep -h "mpirun did not end\|^restart " "$folder/$1.output" | sed 's/^/  /' || true
  [ "$code" = 0 ] || { tail -5 "$folder/$1.output" >&2; return 1; }
  say "went on by itself: $(tail -1 "$folder/$1.output")"
}

# resumes NAME: to step 80 from the last checkpoint.
resumes() {
  "$hosts_script" run "$ranks" "$dmt" train --resume "$folder/$1" --max-steps 80 > "$folder/$1.resumed" 2>&1 ||
    { tail -5 "$folder/$1.resumed" >&2; return 1; }
  say "went on from its checkpoint: $(tail -1 "$folder/$1.resumed")"
}

"$hosts_script" up "$hosts" 1gbit
is_up=1

say "a host's link is cut"
begin cut launch "$ranks" "$dmt" --max-restarts 2 --max-steps 400
"$hosts_script" cut host2
ends cut
"$hosts_script" mend host2
restarts cut

say "a rank is killed"
begin killed run "$ranks" "$dmt" train
kill -KILL "$(ranks_of "$folder/killed" | tail -1)"
ends killed
wait "$launcher" 2> /dev/null || true
launcher=""
resumes killed
