# Checks of what `make install` puts where. Sourced by run.sh, in the repository's root.

installs() { Scripts/install.sh install "$first"; }

everything_is_there() {
  local file bad=0
  for file in bin/dmt include/dmt/dmt.h include/dmt/plugin.h lib/pkgconfig/dmt.pc share/dmt/sdk/Package.swift \
    share/dmt/sdk/Sources/DMTPluginKit/DMTPlugin.swift share/dmt/rust/lib.rs share/man/man1/dmt.1 \
    share/man/man1/dmt-plugin-new.1 share/bash-completion/completions/dmt share/zsh/site-functions/_dmt \
    share/fish/vendor_completions.d/dmt.fish share/doc/dmt/LICENSE share/dmt/installed; do
    [ -s "$first/$file" ] || { echo "$file is missing or empty"; bad=1; }
  done
  diff <(cd "$first" && find . -type f | sed 's|^\./||' | LC_ALL=C sort) "$first/share/dmt/installed" || bad=1
  return $bad
}

plugins_are_those_built() (
  cd bin/plugins || exit 1
  for file in */plugin.json */*.so; do
    [ -f "../../Plugins/$(dirname "$file")/plugin.json" ] || continue
    cmp "$file" "$first/lib/dmt/plugins/$file" || exit 1
  done
)

# A text that names the prefix would be wrong after a move, and in a package made with DESTDIR.
nothing_names_the_prefix() { ! grep -rlF "$first" "$first"; }

nobody_else_may_write() { [ -z "$(find "$first" -perm /022)" ]; }

destdir_goes_in_front() {
  Scripts/install.sh install /usr "$scratch/package" &&
    diff -r "$first" "$scratch/package/usr"
}

a_second_install_changes_nothing() {
  find "$first" -type f -exec cksum {} + | LC_ALL=C sort > "$scratch/before"
  echo old > "$first/share/dmt/sdk/Removed.swift"
  echo share/dmt/sdk/Removed.swift >> "$first/share/dmt/installed"
  Scripts/install.sh install "$first" &&
    find "$first" -type f -exec cksum {} + | LC_ALL=C sort | diff "$scratch/before" -
}

refuses_a_relative_prefix() {
  Scripts/install.sh install somewhere > "$scratch/log" 2>&1
  [ $? -eq 64 ] && grep -q "expected an absolute path" "$scratch/log"
}

uninstall_leaves_nothing_but_a_strangers() {
  mkdir -p "$scratch/package/usr/lib/dmt/plugins/stranger" &&
    echo theirs > "$scratch/package/usr/lib/dmt/plugins/stranger/plugin.json" &&
    Scripts/install.sh uninstall /usr "$scratch/package" &&
    diff <(cd "$scratch/package" && find . -type f) <(echo ./usr/lib/dmt/plugins/stranger/plugin.json)
}

check "make install puts everything into the prefix" installs
check "every part is there, and the list names every file" everything_is_there
check "the plugins are those that were built, byte for byte" plugins_are_those_built
check "nothing installed names the prefix" nothing_names_the_prefix
check "nobody but the owner may write to it" nobody_else_may_write
check "DESTDIR goes in front of the prefix" destdir_goes_in_front
check "a second install changes nothing and removes what an older one left" a_second_install_changes_nothing
check "a relative prefix is refused" refuses_a_relative_prefix
check "make uninstall removes all of it, and nothing of a stranger's" uninstall_leaves_nothing_but_a_strangers
