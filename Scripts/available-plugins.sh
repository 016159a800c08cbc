#!/usr/bin/env bash
# Prints the first-party plugins that can be built on this machine, one name a line.
# Says on standard error which are left out, and which package would bring them back.
set -euo pipefail
cd "$(dirname "$0")/.."

for manifest in Plugins/*/Package.swift; do
  [ -e "$manifest" ] || continue
  name=$(basename "$(dirname "$manifest")")
  available=yes
  while read -r plugin header library package; do
    if [ "$plugin" = "$name" ] && ! Scripts/has-library.sh "$header" "$library"; then
      available=no
      echo "left out: $name, for want of $header or lib$library (make setup, or: apt-get install $package)" >&2
    fi
  done < <(grep -v '^#' Plugins/requirements.txt)
  [ "$available" = no ] || echo "$name"
done
