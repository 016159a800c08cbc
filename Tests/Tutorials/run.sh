#!/usr/bin/env bash
# Does what the tutorials tell their reader to: runs every `sh` block of a page, in order, in an empty folder of the page's own, against
# a dmt that `make install` has put into a scratch prefix. Tests/Tutorials/run.sh [PAGE..]; all pages of docs/tutorials unless named.
#
# A page whose compiler is missing here is left out, with a word; CI has them all (Scripts/setup.sh). Needs `make`.
set -uo pipefail
cd "$(dirname "$0")/../.."
root=$PWD

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if ! Scripts/install.sh install "$scratch/prefix" > "$scratch/log" 2>&1; then
  cat "$scratch/log"
  exit 1
fi
# Plugins are found in the prefix and where a page says, nowhere else; no cache of an earlier run.
export PATH="$scratch/prefix/bin:$PATH" XDG_DATA_HOME="$scratch/data" XDG_CACHE_HOME="$scratch/cache" XDG_CONFIG_HOME="$scratch/config"
unset DMT_PLUGIN_PATH DMT_BACKEND DMT_PREFIX DMT_INCLUDE DMT_SDK DMT_RUST MAKEFLAGS MFLAGS MAKELEVEL

# What a page needs beside make and cc.
missing() {
  local language
  language=$(grep -ohE -- '--lang [a-z]+' "$1" | awk '{ print $2 }' | sort -u)
  case " $(echo "$language" | tr '\n' ' ') " in
  *" rust "*) command -v rustc > /dev/null || echo rustc ;;
  *" cpp "*) command -v c++ > /dev/null || command -v clang++ > /dev/null || echo "a C++ compiler" ;;
  *" swift "*) command -v swift > /dev/null || echo swift ;;
  esac
}

# Prints the page's sh blocks as a script that says which line it is at.
script_of() {
  awk '
    /^```sh$/ { inside = 1; printf "line=%d\n", NR + 1; next }
    /^```/ { inside = 0; next }
    inside { print }
  ' "$1"
}

pages=("$@")
[ ${#pages[@]} -gt 0 ] || pages=(docs/tutorials/*.md)
failures=0
run=0
for page in "${pages[@]}"; do
  script_of "$page" > "$scratch/script"
  [ -s "$scratch/script" ] || continue
  lacks=$(missing "$page")
  if [ -n "$lacks" ]; then
    echo "left out $page: there is no $lacks here"
    continue
  fi
  run=$((run + 1))
  folder=$scratch/$(basename "$page" .md)
  mkdir "$folder"
  started=$SECONDS
  # shellcheck disable=SC2016 # the page's shell expands them
  if (cd "$folder" && { echo "trap 'echo \"the block at $page:\$line failed\"' ERR"; cat "$scratch/script"; } |
    bash -eEuo pipefail) > "$scratch/log" 2>&1 < /dev/null; then
    echo "ok $page ($((SECONDS - started)) s)"
  else
    sed 's/^/  /' "$scratch/log"
    echo "FAILED $page"
    failures=$((failures + 1))
  fi
done
cd "$root" || exit 1
echo "$((run - failures)) of $run tutorials passed"
[ "$failures" -eq 0 ]
