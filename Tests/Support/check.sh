# The counting of checks, for suites that are shell scripts. To be sourced.

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

# Says how it went; fails when a check did.
checks_passed() {
  echo "$((checks - failures)) of $checks checks passed"
  [ "$failures" -eq 0 ]
}
