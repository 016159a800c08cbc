#!/usr/bin/env bash
# Builds and tests the four plugins of this folder against an installed dmt, as their authors would, in copies of their own:
# Examples/plugins/test.sh [PREFIX [NAME..]]; without PREFIX, or where it is empty, what `make` has built is installed into a scratch one
# first.
#
# A plugin whose compiler is missing here is left out, with a word; CI has them all (Scripts/setup.sh).
set -uo pipefail
cd "$(dirname "$0")/../.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=${1:-}
[ $# -eq 0 ] || shift
if [ -z "$prefix" ]; then
  prefix=$scratch/prefix
  Scripts/install.sh install "$prefix" > "$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
fi
export XDG_DATA_HOME="$scratch/data" XDG_CACHE_HOME="$scratch/cache" XDG_CONFIG_HOME="$scratch/config"
unset DMT_PLUGIN_PATH DMT_BACKEND DMT_INCLUDE DMT_SDK DMT_RUST MAKEFLAGS MFLAGS MAKELEVEL

failures=0
run=0
for line in "swish cc" "gated-cross cc" "hash-towers swift" "exact-tables rustc"; do
  read -r name needs <<< "$line"
  [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
  if ! command -v "$needs" > /dev/null && { [ "$needs" != cc ] || ! command -v clang > /dev/null; }; then
    echo "left out $name: there is no $needs here"
    continue
  fi
  run=$((run + 1))
  started=$SECONDS
  cp -r "Examples/plugins/$name" "$scratch/$name"
  targets=(test)
  # A dmt without the conformance suite is none that these could be checked with.
  ! "$prefix/bin/dmt" plugin --help | grep -qE '^  check ' || targets+=(check)
  if make -C "$scratch/$name" clean > /dev/null &&
    make -C "$scratch/$name" "${targets[@]}" install DMT_PREFIX="$prefix" PLUGINS="$scratch/installed" > "$scratch/log" 2>&1; then
    echo "ok $name: ${targets[*]} install ($((SECONDS - started)) s)"
  else
    sed 's/^/  /' "$scratch/log"
    echo "FAILED $name"
    failures=$((failures + 1))
  fi
done
DMT_PLUGIN_PATH="$scratch/installed" "$prefix/bin/dmt" plugin list > "$scratch/log" 2>&1
if [ "$(grep -c 'com\.example\.' "$scratch/log")" -lt $((run - failures)) ]; then
  sed 's/^/  /' "$scratch/log"
  echo "FAILED what was installed is not found"
  exit 1
fi
echo "$((run - failures)) of $run example plugins passed"
[ "$failures" -eq 0 ]
