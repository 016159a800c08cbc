#!/usr/bin/env bash
# Runs the checks of this folder, each a function in a file `*-checks.sh`; prints one line a check.
set -uo pipefail
cd "$(dirname "$0")/../.."

# shellcheck source=Tests/Support/check.sh
. Tests/Support/check.sh

for file in Tests/Repository/*-checks.sh; do
  # shellcheck source=/dev/null
  . "$file"
done

checks_passed
