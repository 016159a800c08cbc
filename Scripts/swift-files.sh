#!/usr/bin/env bash
# Prints every Swift file of the project, NUL-separated; build folders and linked folders are passed over.
set -euo pipefail
cd "$(dirname "$0")/.."
find Package.swift Sources Tests Plugins Examples -name '.build*' -prune -o -type f -name '*.swift' -print0
