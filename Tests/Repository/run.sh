#!/usr/bin/env bash
# Runs the checks of this folder, each a function in a file `*-checks.sh`; prints one line a check.
set -uo pipefail
cd "$(dirname "$0")/../.."

failures=0
checks=0

# check TITLE COMMAND..: the command prints its complaints and fails when there are any.
check() {
  local title=$1 output status
  shift
  checks=$((checks + 1))
  # Not inside an `if`: bash would ignore a check's own `set -e` there.
  output=$("$@" 2>&1)
  status=$?
  if [ "$status" -eq 0 ]; then
    echo "ok $title"
  else
    failures=$((failures + 1))
    echo "FAILED $title"
    printf '%s\n' "$output" | sed 's/^/  /'
  fi
}

for file in Tests/Repository/*-checks.sh; do
  # shellcheck source=/dev/null
  . "$file"
done

echo "$((checks - failures)) of $checks checks passed"
[ "$failures" -eq 0 ]
