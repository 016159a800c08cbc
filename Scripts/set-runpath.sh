#!/usr/bin/env bash
# Replaces the folders in which a program or library looks for its libraries first:
#
#   Scripts/set-runpath.sh FILE RUNPATH
#
# The new text is written over the old one, so it may not be longer. A linked file has no room for more.
set -euo pipefail

if [ $# -ne 2 ]; then
  echo "usage: $0 FILE RUNPATH" >&2
  exit 64
fi
file=$1 runpath=$2

runpath_of() {
  LC_ALL=C readelf -d "$1" | sed -n 's/.*Library runpath: \[\(.*\)\]$/\1/p'
}

old=$(runpath_of "$file")
if [ -z "$old" ]; then
  echo "$0: $file has no RUNPATH to replace" >&2
  exit 65
fi
if [ "$old" = "$runpath" ]; then exit 0; fi
if [ ${#runpath} -gt ${#old} ]; then
  echo "$0: $file has room for ${#old} bytes, '$runpath' is longer: link it with a longer -rpath" >&2
  exit 65
fi
# The text stands once in the string table, between zero bytes.
mapfile -t places < <(LC_ALL=C grep -obUaP "\\x00\\Q$old\\E\\x00" "$file" | cut -d: -f1)
if [ ${#places[@]} -ne 1 ]; then
  echo "$0: the RUNPATH '$old' stands ${#places[@]} times in $file, expected once" >&2
  exit 65
fi
{
  printf '%s' "$runpath"
  head -c $((${#old} - ${#runpath})) /dev/zero
} | dd of="$file" bs=1 seek=$((places[0] + 1)) conv=notrunc status=none
if [ "$(runpath_of "$file")" != "$runpath" ]; then
  echo "$0: $file still has RUNPATH '$(runpath_of "$file")'" >&2
  exit 70
fi
