#!/usr/bin/env bash
# Installs what `make` has built in bin/, or takes it away again:
#
#   Scripts/install.sh install PREFIX [DESTDIR]
#   Scripts/install.sh uninstall PREFIX [DESTDIR]
#
# bin/dmt                        the command
# include/dmt/*.h                the plugin contract
# lib/dmt/plugins/NAME/          the first-party plugins
# lib/dmt/swift/                 the part of Swift's runtime that they run on
# lib/pkgconfig/dmt.pc           where headers, plugins and SDK are, for pkg-config
# share/dmt/sdk/                 the Swift package that a plugin in Swift is built with
# share/dmt/rust/                the contract for Rust
# share/man/man1/                dmt.1 and a page a command
# share/bash-completion, share/zsh, share/fish
# share/doc/dmt/                 licences
# share/dmt/installed            the list of all these, for uninstall
#
# Nothing installed names PREFIX, so the whole may be moved. DESTDIR goes in front of PREFIX, for making packages.
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."

usage() {
  echo "usage: $0 install|uninstall PREFIX [DESTDIR]" >&2
  exit 64
}
[ $# -ge 2 ] && [ $# -le 3 ] || usage
action=$1 prefix=$2 destdir=${3:-}
case $prefix in
/*) ;;
*)
  echo "$0: PREFIX is '$prefix', expected an absolute path" >&2
  exit 64
  ;;
esac
root=${destdir%/}$prefix
list=share/dmt/installed

# put MODE FROM TO: one file, by a rename, and a line of the list.
put() {
  install -d "$root/$(dirname "$3")"
  install -m "$1" "$2" "$root/$3.new"
  mv -f "$root/$3.new" "$root/$3"
  echo "$3" >> "$scratch/installed"
}

# put_text TO: standard input as a file.
put_text() {
  cat > "$scratch/text"
  put 644 "$scratch/text" "$1"
}

# Every library of Swift's runtime that the command and the plugins load: those in the folder of libswiftCore.so.
swift_runtime() {
  local core
  ldd "$@" 2> /dev/null > "$scratch/loaded" || true
  core=$(awk '$1 == "libswiftCore.so" && $2 == "=>" { print $3; exit }' "$scratch/loaded")
  [ -n "$core" ] || return 0 # linked statically
  awk -v folder="$(dirname "$core")/" '$2 == "=>" && index($3, folder) == 1 { print $3 }' "$scratch/loaded" | sort -u
}

# The plugins' runtime is the command's, which has loaded it before: one that needs more of it would look for it elsewhere.
command_loads_all() {
  local plugin missing
  swift_runtime bin/dmt > "$scratch/command-runtime"
  for plugin in "$@"; do
    missing=$(swift_runtime "$plugin" | grep -vxF -f "$scratch/command-runtime" || true)
    if [ -n "$missing" ]; then
      echo "$0: $plugin needs $missing, which bin/dmt does not load: let bin/dmt link it too" >&2
      exit 70
    fi
  done
}

install_sdk() {
  local target file
  put 644 Templates/sdk/Package.swift share/dmt/sdk/Package.swift
  for target in CDMTPlugin DMTCore DMTBridge DMTPluginKit; do
    while IFS= read -r file; do
      put 644 "Sources/$file" "share/dmt/sdk/Sources/$file"
    done < <(cd Sources && find "$target" -type f ! -name '.*' | sort)
  done
}

install_rust() {
  local file
  for file in Bindings/Rust/{Cargo.toml,lib.rs,contract.rs,kit.rs,tensors.rs,graph.rs,flow.rs}; do
    put 644 "$file" "share/dmt/rust/$(basename "$file")"
  done
}

install_documents() {
  bin/dmt manual --into "$scratch/man"
  for page in "$scratch"/man/*.1; do put 644 "$page" "share/man/man1/$(basename "$page")"; done
  bin/dmt --generate-completion-script bash | put_text share/bash-completion/completions/dmt
  bin/dmt --generate-completion-script zsh | put_text share/zsh/site-functions/_dmt
  bin/dmt --generate-completion-script fish | put_text share/fish/vendor_completions.d/dmt.fish
  put 644 LICENSE share/doc/dmt/LICENSE
  # Beside a toolchain's lib/swift/linux lies its licence.
  if [ -n "$1" ] && [ -f "$1/../../../share/swift/LICENSE.txt" ]; then
    put 644 "$1/../../../share/swift/LICENSE.txt" share/doc/dmt/LICENSE.swift-runtime
  fi
}

install_all() {
  local name file version libraries runtime=""
  for file in bin/dmt Package.swift; do
    [ -f "$file" ] || { echo "$0: $file is missing: run make first" >&2; exit 66; }
  done
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT

  mapfile -t libraries < <(find bin/plugins -name '*.so' 2> /dev/null | sort)
  command_loads_all "${libraries[@]}"

  # What an earlier version installed and this one does not goes away.
  [ ! -f "$root/$list" ] || cp "$root/$list" "$scratch/before"

  while IFS= read -r file; do
    put 644 "$file" "lib/dmt/swift/$(basename "$file")"
    runtime=$(dirname "$file")
  done < "$scratch/command-runtime"
  for name in Plugins/*/; do
    name=$(basename "$name")
    [ -f "bin/plugins/$name/plugin.json" ] || continue
    while IFS= read -r file; do
      put "$([ "${file##*.}" = so ] && echo 755 || echo 644)" "bin/plugins/$name/$file" "lib/dmt/plugins/$name/$file"
    done < <(cd "bin/plugins/$name" && find . -type f | sed 's|^\./||' | sort)
  done
  cp bin/dmt "$scratch/dmt"
  # shellcheck disable=SC2016 # the dynamic linker reads $ORIGIN, not the shell
  [ -z "$runtime" ] || Scripts/set-runpath.sh "$scratch/dmt" '$ORIGIN/../lib/dmt/swift'
  put 755 "$scratch/dmt" bin/dmt

  for file in Sources/CDMTPlugin/include/dmt/*.h; do put 644 "$file" "include/dmt/$(basename "$file")"; done
  version=$(bin/dmt --version)
  sed "s/@VERSION@/$version/" Templates/dmt.pc | put_text lib/pkgconfig/dmt.pc
  install_sdk
  install_rust
  install_documents "$runtime"

  echo "$list" >> "$scratch/installed"
  LC_ALL=C sort -u "$scratch/installed" > "$scratch/list"
  install -d "$root/share/dmt"
  install -m 644 "$scratch/list" "$root/$list"
  if [ -f "$scratch/before" ]; then
    LC_ALL=C sort -u "$scratch/before" | LC_ALL=C comm -23 - "$scratch/list" | remove
  fi
  echo "installed dmt $version in $root: $(wc -l < "$scratch/list") files"
}

# Removes the files that standard input names, and folders that are empty then.
remove() {
  local file folder
  while IFS= read -r file; do
    case $file in
    /* | *..*) continue ;;
    esac
    rm -f "$root/$file"
    folder=$(dirname "$file")
    while [ "$folder" != . ] && rmdir "$root/$folder" 2> /dev/null; do folder=$(dirname "$folder"); done
  done
}

uninstall_all() {
  if [ ! -f "$root/$list" ]; then
    echo "$0: there is no $root/$list: dmt is not installed in $root" >&2
    exit 66
  fi
  local text
  text=$(cat "$root/$list")
  remove <<< "$text"
  echo "removed dmt from $root"
}

case $action in
install) install_all ;;
uninstall) uninstall_all ;;
*) usage ;;
esac
