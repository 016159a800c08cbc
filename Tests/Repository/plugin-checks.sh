# Checks of the plugin folders and of the script that lays plugins out. Sourced by run.sh, in the repository's root.

# Every plugin folder holds what a stranger expects.
plugin_folders_are_complete() {
  local folder name bad=0
  for folder in Plugins/*/; do
    name=$(basename "$folder")
    # Neither is a plugin: the umbrella's target, and sources that several plugins compile.
    [ "$name" != Umbrella ] && [ "$name" != Common ] || continue
    [ -f "$folder/Package.swift" ] || { echo "$folder has no Package.swift"; bad=1; }
    [ -f "$folder/plugin.json" ] || { echo "$folder has no plugin.json"; bad=1; }
    [ -d "$folder/Sources" ] || { echo "$folder has no Sources"; bad=1; }
    [ -d "$folder/Tests" ] || { echo "$folder has no Tests"; bad=1; }
  done
  return $bad
}

# install_in FOLDER NAME..: lays out the plugins of FOLDER/sources, built in FOLDER/build.
install_in() {
  local folder=$1
  shift
  Scripts/install-plugins.sh "$folder/sources" "$folder/build" "$folder/bin" "$@"
}

# plugin_in FOLDER NAME LIBRARY..: a plugin's sources with a sidecar that names the libraries, and the built libraries.
plugin_in() {
  local folder=$1 name=$2 library list=""
  shift 2
  mkdir -p "$folder/sources/$name" "$folder/build"
  for library in "$@"; do
    list="$list, \"$library\""
    echo "$name $library" > "$folder/build/$(basename "$library")"
  done
  echo "// sources" > "$folder/sources/$name/Package.swift"
  printf '{ "id": "%s", "variants": [%s] }\n' "$name" "${list#, }" > "$folder/sources/$name/plugin.json"
}

installs_every_named_library() (
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  set -e
  plugin_in "$folder" One libOne.so
  plugin_in "$folder" Many libManyV2.so libManyV3.so
  install_in "$folder" One Many
  diff <(cd "$folder/bin" && find . -type f | sort) \
    <(printf '%s\n' ./Many/libManyV2.so ./Many/libManyV3.so ./Many/plugin.json ./One/libOne.so ./One/plugin.json)
  cmp "$folder/build/libManyV3.so" "$folder/bin/Many/libManyV3.so"
)

leaves_unchanged_files_alone() (
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  set -e
  plugin_in "$folder" One libOne.so
  install_in "$folder" One
  before=$(stat -c '%i %Y' "$folder/bin/One/libOne.so")
  install_in "$folder" One
  [ "$before" = "$(stat -c '%i %Y' "$folder/bin/One/libOne.so")" ] || { echo "an unchanged library was written again"; exit 1; }
  # A changed one becomes a new file: whoever mapped the old one keeps it.
  exec 9< "$folder/bin/One/libOne.so"
  echo changed > "$folder/build/libOne.so"
  install_in "$folder" One
  [ "$(cat <&9)" = "One libOne.so" ] || { echo "the library was overwritten in place"; exit 1; }
  [ "$(cat "$folder/bin/One/libOne.so")" = changed ] || { echo "the changed library was not installed"; exit 1; }
)

removes_what_is_left_out() (
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  set -e
  plugin_in "$folder" One libOneV2.so libOneV3.so
  plugin_in "$folder" Two libTwo.so
  install_in "$folder" One Two
  mkdir -p "$folder/bin/Stranger"
  echo theirs > "$folder/bin/Stranger/libStranger.so"
  rm "$folder/sources/One/plugin.json"
  plugin_in "$folder" One libOneV2.so
  install_in "$folder" One
  diff <(cd "$folder/bin" && find . -type f | sort) \
    <(printf '%s\n' ./One/libOneV2.so ./One/plugin.json ./Stranger/libStranger.so)
)

states_hashes_in_the_sidecar() (
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  set -e
  plugin_in "$folder" One libOneV2.so libOneV3.so
  printf '%s\n' '{ "variants": [{ "isa": "x86-64-v3", "library": "libOneV3.so" },' \
    '  { "isa": "x86-64-v2", "library": "libOneV2.so" }] }' > "$folder/sources/One/plugin.json"
  install_in "$folder" One
  for library in libOneV2.so libOneV3.so; do
    hash=$(sha256sum "$folder/bin/One/$library")
    grep -q "\"library\": \"$library\", \"sha256\": \"${hash%% *}\"" "$folder/bin/One/plugin.json" ||
      { echo "no hash of $library in: $(cat "$folder/bin/One/plugin.json")"; exit 1; }
  done
  before=$(stat -c '%i %Y' "$folder/bin/One/plugin.json")
  install_in "$folder" One
  [ "$before" = "$(stat -c '%i %Y' "$folder/bin/One/plugin.json")" ] || { echo "the sidecar was written again"; exit 1; }
)

# refused_with STATUS WORDS SIDECAR-TEXT
refused_with() (
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  plugin_in "$folder" One libOne.so
  printf '%s\n' "$3" > "$folder/sources/One/plugin.json"
  message=$(install_in "$folder" One 2>&1)
  status=$?
  [ "$status" -eq "$1" ] || { echo "exit status $status, expected $1: $message"; exit 1; }
  case $message in
  *"$2"*) ;;
  *) echo "the message '$message' does not say '$2'"; exit 1 ;;
  esac
  [ -z "$(find "$folder/bin" -type f)" ] || { echo "something was installed all the same"; exit 1; }
)

check "plugin folders are complete" plugin_folders_are_complete
check "install-plugins lays out every library that a sidecar names" installs_every_named_library
check "install-plugins writes only what changed, by rename" leaves_unchanged_files_alone
check "install-plugins removes what is left out and keeps a stranger's plugin" removes_what_is_left_out
check "install-plugins states every library's hash in the installed sidecar" states_hashes_in_the_sidecar
check "install-plugins refuses an absolute library path" refused_with 65 "leaves the plugin's folder" '{ "library": "/lib/libOne.so" }'
check "install-plugins refuses a path that climbs" refused_with 65 "leaves the plugin's folder" '{ "library": "../libOne.so" }'
check "install-plugins refuses a sidecar without a library" refused_with 65 "names no library" '{ "id": "one" }'
check "install-plugins names a library that was not built" refused_with 66 "was not built" '{ "library": "libOther.so" }'
