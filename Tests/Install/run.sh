#!/usr/bin/env bash
# Installs what `make` has built to folders of its own, runs it where no Swift is, and generates, builds, tests and checks a
# plugin of every kind and language against it. Needs `make`.
set -uo pipefail
cd "$(dirname "$0")/../.."

# shellcheck source=Tests/Support/check.sh
. Tests/Support/check.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The user's own plugins and caches stay out of it; rustup's proxies look for their toolchain below HOME.
export RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup} CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}
export HOME=$scratch/home XDG_CACHE_HOME=$scratch/cache XDG_DATA_HOME=$scratch/data
unset DMT_PLUGIN_PATH DMT_BACKEND DMT_PREFIX
mkdir -p "$HOME"

first=$scratch/first/prefix # where it is installed
prefix=$scratch/moved       # where it is moved to
dmt=$prefix/bin/dmt

for file in Tests/Install/*-checks.sh; do
  # shellcheck source=/dev/null
  . "$file"
done
checks_passed
