# Checks of the documentation. Sourced by run.sh, in the repository's root.

markdown_files() { find . -name '.build*' -prune -o -name .git -prune -o -type f -name '*.md' -print; }

# Every relative link in a page leads to a file.
links_lead_somewhere() {
  local file target bad=0
  while IFS= read -r file; do
    while IFS= read -r target; do
      case $target in
      http://* | https://* | mailto:* | '#'*) continue ;;
      esac
      if [ ! -e "$(dirname "$file")/${target%%#*}" ]; then
        echo "$file links to $target, which is not there"
        bad=1
      fi
    done < <(grep -oE '\]\([^) ]+\)' "$file" | sed -E 's/^\]\(//; s/\)$//')
  done < <(markdown_files)
  return $bad
}

# Decisions are numbered without gaps, each has its parts, and the index names it.
decisions_are_complete() {
  local file number expected=1 part bad=0
  for file in docs/decisions/[0-9]*.md; do
    number=$(basename "$file" | cut -c 1-4)
    if [ "$((10#$number))" -ne "$expected" ]; then
      echo "$file: expected number $expected"
      bad=1
    fi
    expected=$((10#$number + 1))
    for part in '^# ' '^Status: ' '^## Context' '^## Decision' '^## Consequences'; do
      grep -q "$part" "$file" || { echo "$file has no line like $part"; bad=1; }
    done
    grep -qF "($(basename "$file"))" docs/decisions/README.md || { echo "docs/decisions/README.md does not name $file"; bad=1; }
  done
  return $bad
}

# What the pages tell the reader to type with make exists.
make_targets_exist() {
  local target bad=0
  while IFS= read -r target; do
    grep -qE "^$target:" Makefile || { echo "a page says 'make $target', the Makefile has no such target"; bad=1; }
  done < <(markdown_files | grep -v -e './docs/roadmap.md' -e './Templates/' | tr '\n' '\0' | xargs -0 grep -hoE '`make [a-z-]+' | awk '{ print $2 }' | sort -u)
  return $bad
}

check "links in the pages lead somewhere" links_lead_somewhere
check "decisions are numbered, whole and indexed" decisions_are_complete
check "make targets named in the pages exist" make_targets_exist
