# Checks of the packages that `dmt plugin new` writes, against the installed program. Sourced by run.sh, in the repository's root.
# A package is what its author would have; its examples are trained in continuous integration, one a kind.

kinds="backend interconnect module operator optimizer partitioner reader sharding"
packages=$scratch/packages
mkdir -p "$packages"

# write KIND LANGUAGE: NAME is LANGUAGE-KIND.
write() { "$dmt" plugin new "$1" "$2-$1" --lang "$2" --into "$packages"; }

# builds KIND LANGUAGE: with its own Makefile, warnings as errors.
builds() {
  write "$1" "$2" && make -C "$packages/$2-$1" CFLAGS="-O1 -Werror" CXXFLAGS="-O0 -Werror"
}

passes_its_test() { make -C "$packages/$2-$1" test; }

is_listed() {
  "$dmt" plugin list --json --plugin "$packages/$2-$1" > "$scratch/log" && grep -q "com.example.$2-$1" "$scratch/log"
}

exports_the_entry_alone() {
  diff <(nm -D --defined-only "$packages/$2-$1/$2-$1.so" | awk '$2 ~ /[A-Z]/ && $3 != "_init" && $3 != "_fini" { print $3 }') \
    <(echo dmt_plugin_entry)
}

conforms() { make -C "$packages/$2-$1" check; }

trains_its_example() { make -C "$packages/$2-$1" train; }

# stands KIND LANGUAGE: everything but building it.
stands() {
  check "$1 in $2: its own test passes" passes_its_test "$1" "$2"
  check "$1 in $2: it exports its entry alone" exports_the_entry_alone "$1" "$2"
  check "$1 in $2: dmt takes it" is_listed "$1" "$2"
  check "$1 in $2: dmt plugin check passes" conforms "$1" "$2"
}

for language in c cpp; do
  for kind in $kinds; do
    check "$kind in $language: builds" builds "$kind" "$language"
    stands "$kind" "$language"
    if [ "$language" = c ] && [ "$kind" != operator ]; then
      check "$kind in $language: its example runs" trains_its_example "$kind" "$language"
    fi
  done
done

# Swift: one package as its author builds it; the sources of the others as products of one package, so that the kit they share
# compiles once. Where the libraries then lie is where their own Makefiles put them.
check "operator in swift: builds" builds operator swift
stands operator swift

build_the_rest() (
  set -e
  umbrella=$packages/umbrella
  mkdir -p "$umbrella/Sources"
  products="" targets=""
  for kind in $kinds; do
    [ "$kind" != operator ] || continue
    write "$kind" swift
    cp -r "$packages/swift-$kind"/Sources/* "$umbrella/Sources/"
    target=$(ls "$packages/swift-$kind/Sources")
    products+=".library(name: \"swift-$kind\", type: .dynamic, targets: [\"$target\"]), "
    targets+=".target(name: \"$target\", dependencies: [.product(name: \"DMTPluginKit\", package: \"dmt\")],
      swiftSettings: [.treatAllWarnings(as: .error)], linkerSettings: [.unsafeFlags([\"-Xlinker\",
      \"--version-script=$packages/swift-$kind/exports.map\"])]), "
  done
  cat > "$umbrella/Package.swift" <<END
// swift-tools-version: 6.2
import PackageDescription
let package = Package(
  name: "umbrella", products: [$products],
  dependencies: [.package(name: "dmt", path: "$prefix/share/dmt/sdk")], targets: [$targets])
END
  swift build --package-path "$umbrella"
  for kind in $kinds; do
    [ "$kind" != operator ] || continue
    cp "$umbrella/.build/debug/libswift-$kind.so" "$packages/swift-$kind/swift-$kind.so"
  done
)

check "all other kinds in swift: build" build_the_rest
for kind in $kinds; do
  [ "$kind" = operator ] || stands "$kind" swift
done

if rustc --version > /dev/null 2>&1; then
  for kind in $kinds; do
    # Not every kind has a template in Rust.
    if "$dmt" plugin new "$kind" probe --lang rust --into "$scratch/probes-$kind" 2>&1 | grep -q "there is no template"; then continue; fi
    check "$kind in rust: builds" builds "$kind" rust
    stands "$kind" rust
  done
else
  echo "no rustc here: the packages in Rust are left out"
fi
