#!/usr/bin/env bash
# Lays out built plugins as the host looks for them: DESTINATION/NAME/plugin.json beside the libraries it names. The installed
# sidecar also states each library's SHA-256, which the host checks before it loads one.
#
#   Scripts/install-plugins.sh SOURCES BUILD DESTINATION NAME..
#
# SOURCES/NAME/plugin.json is each plugin's sidecar; BUILD holds the libraries. A file that did not change is left alone,
# a changed one is replaced by a rename, so a running dmt keeps the library that it has mapped. First-party plugins (those
# in SOURCES) that are not named are removed from DESTINATION; anybody else's folders there stay.
set -euo pipefail

if [ $# -lt 3 ]; then
  echo "usage: $0 SOURCES BUILD DESTINATION NAME.." >&2
  exit 64
fi
sources=$1 build=$2 destination=$3
shift 3

# replace FROM TO
replace() {
  if ! cmp -s "$1" "$2"; then
    mkdir -p "$(dirname "$2")"
    cp "$1" "$2.new"
    mv -f "$2.new" "$2"
  fi
}

mkdir -p "$destination"
for name in "$@"; do
  sidecar=$sources/$name/plugin.json
  if [ ! -f "$sidecar" ]; then
    echo "$sidecar is missing: every plugin has a sidecar" >&2
    exit 66
  fi
  mapfile -t libraries < <(grep -o '"[^"]*\.so"' "$sidecar" | tr -d '"' | sort -u)
  if [ ${#libraries[@]} -eq 0 ]; then
    echo "$sidecar names no library: expected a value that ends in .so" >&2
    exit 65
  fi
  for library in "${libraries[@]}"; do
    case $library in
    /* | *..*)
      echo "$sidecar: '$library' leaves the plugin's folder; name a file beside the sidecar" >&2
      exit 65
      ;;
    esac
    if [ ! -f "$build/$(basename "$library")" ]; then
      echo "$sidecar names $library, but $build/$(basename "$library") was not built: its product's name differs" >&2
      exit 66
    fi
  done
  # Libraries first, the sidecar last: who finds the sidecar finds what it names.
  for library in "${libraries[@]}"; do
    replace "$build/$(basename "$library")" "$destination/$name/$library"
  done
  hashed=$(mktemp)
  cp "$sidecar" "$hashed"
  for library in "${libraries[@]}"; do
    hash=$(sha256sum "$build/$(basename "$library")")
    sed -i "s|\"library\": *\"$library\"|&, \"sha256\": \"${hash%% *}\"|" "$hashed"
  done
  # Not mktemp's mode: whoever may run dmt may read the sidecar.
  chmod 644 "$hashed"
  replace "$hashed" "$destination/$name/plugin.json"
  rm -f "$hashed"
  # Libraries of an earlier build that the sidecar names no more.
  while IFS= read -r file; do
    relative=${file#"$destination/$name/"}
    case " ${libraries[*]} plugin.json " in
    *" $relative "*) ;;
    *) rm -f "$file" ;;
    esac
  done < <(find "$destination/$name" -type f)
done

for folder in "$destination"/*/; do
  [ -d "$folder" ] || continue
  name=$(basename "$folder")
  case " $* " in
  *" $name "*) ;;
  *) [ ! -f "$sources/$name/Package.swift" ] || rm -rf "$folder" ;;
  esac
done
