# Checks of the installed program after a move, where no Swift is. Sourced by run.sh, in the repository's root.

# The folder of the Swift runtime that bin/dmt was linked with.
runtime=$(dirname "$(ldd bin/dmt | awk '$1 == "libswiftCore.so" { print $3 }')")

# without_swift COMMAND..: runs it with an empty environment and, where this user may, with an empty folder in the place of
# Swift's runtime.
without_swift() {
  local clean=(env -i "PATH=/usr/bin:/bin" "HOME=$HOME" "XDG_CACHE_HOME=$XDG_CACHE_HOME")
  if [ -n "${namespace:-}" ]; then
    # shellcheck disable=SC2086,SC2016 # words of the namespace's options; the inner shell expands
    unshare $namespace bash -c 'mount -t tmpfs none "$0" && exec "$@"' "$runtime" "${clean[@]}" "$@"
  else
    "${clean[@]}" "$@"
  fi
}

namespace=
for options in "-m" "-r -m"; do
  # shellcheck disable=SC2086
  if unshare $options bash -c 'mount -t tmpfs none "$0"' "$runtime" > /dev/null 2>&1; then
    namespace=$options
    break
  fi
done
[ -n "$namespace" ] || echo "this user may not hide Swift's runtime from a program: the program's libraries are looked at instead"

moves() { mv "$first" "$prefix"; }

runtime_is_hidden() { [ -z "$namespace" ] || ! without_swift bin/dmt --version > /dev/null 2>&1; }

libraries_are_its_own() {
  local strange
  # The first column is a name, the third where it was found.
  strange=$(ldd "$dmt" | awk -v own="$prefix/" '/swift|Foundation|dispatch|BlocksRuntime/ && index($3, own) != 1')
  [ -z "$strange" ] || { echo "$strange"; return 1; }
}

finds_its_plugins() {
  without_swift "$dmt" plugin list > "$scratch/log" || { cat "$scratch/log"; return 1; }
  local sidecar id bad=0
  for sidecar in "$prefix"/lib/dmt/plugins/*/plugin.json; do
    id=$(sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' "$sidecar" | head -1)
    grep -q "$id" "$scratch/log" || { echo "$id is not listed"; bad=1; }
  done
  return $bad
}

trains() {
  mkdir -p "$scratch/work" && cat > "$scratch/work/m.yaml" <<'END'
dmt: 1
data: { format: synthetic, samples: 2000, features: 4, rows: 50, pooling: 1, dense: 2, seed: 1 }
features: { f0: { column: f0, index: 50 }, f1: { column: f1, index: 50 }, f2: { column: f2, index: 50 }, f3: { column: f3, index: 50 } }
dense: { d0: d0, d1: d1 }
model:
  dim: 8
  towers: { count: 2, assign: strided, module: tower.dcn, layers: 1, out: 8 }
  over_arch: { module: dcn, layers: 1, widths: [16] }
train: { epochs: 1, batch: 256 }
plugins: [dmt.tower-dcn]
END
  without_swift "$dmt" train "$scratch/work/m.yaml" --out "$scratch/work/run" --json > "$scratch/log" &&
    grep -q '"auc"' "$scratch/log"
}

pages_are_correct() {
  local page bad=0
  for page in "$prefix"/share/man/man1/*.1; do
    [ -z "$(groff -man -ww -Tutf8 "$page" 2>&1 > /dev/null)" ] || { echo "$page"; bad=1; }
  done
  groff -man -Tascii "$prefix/share/man/man1/dmt-plugin-new.1" | grep -q "dmt plugin new operator swish --lang c" || bad=1
  return $bad
}

completes() {
  # shellcheck disable=SC1090
  bash -c '. "$0" && complete -p dmt' "$prefix/share/bash-completion/completions/dmt"
}

pkg_config_knows() {
  local folder
  folder=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --variable=includedir dmt) && [ -f "$folder/dmt/dmt.h" ] &&
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --modversion dmt | diff - <("$dmt" --version) &&
    printf '#include <dmt/dmt.h>\nint main(void) { return DMT_ABI_MAJOR < 0; }\n' > "$scratch/probe.c" &&
    # shellcheck disable=SC2046 # flags are words
    "${CC:-cc}" $(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags dmt) "$scratch/probe.c" -o "$scratch/probe"
}

check "the whole may be moved" moves
check "Swift's runtime is out of sight" runtime_is_hidden
check "the program loads its own copy of the runtime" libraries_are_its_own
check "it finds its plugins" finds_its_plugins
check "it trains a model with a plugin in Swift" trains
if command -v groff > /dev/null; then check "the manual pages are correct" pages_are_correct; fi
check "the completions load in bash" completes
if command -v pkg-config > /dev/null; then check "pkg-config knows headers and version" pkg_config_knows; fi
