#!/bin/bash
# examples.sh BUILD SOURCE C++-COMPILER PYTHON: the examples with an expected.txt, as a reader of examples/README.md builds
# and runs them: against a copy that was installed into a temporary folder. BLESS=1 rewrites what is expected.
set -euo pipefail
build=$1 source=$2 compiler=$3 python=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

cmake --install "$build" --prefix "$work/prefix" >"$work/log" || { cat "$work/log"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name vmemrt.pc)")
export PKG_CONFIG_PATH PATH="$work/prefix/bin:$PATH"

by_make() { make -s -C "$1" run "CC=cc" "PYTHON=$python" "CFLAGS=-std=c11 -O2 -Wall -Wextra -Werror"; }

by_cmake() {
  cmake -S "$1" -B "$1/build" "-DCMAKE_PREFIX_PATH=$work/prefix" "-DCMAKE_CXX_COMPILER=$compiler" \
    "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror" >"$work/log" && cmake --build "$1/build" >>"$work/log" ||
    { cat "$work/log"; return 1; }
  find "$1/build" -maxdepth 1 -type f -perm -u+x -exec {} \;
}

for expected in "$source"/examples/*/expected.txt; do
  name=$(basename "$(dirname "$expected")") how=by_make
  cp -r "$(dirname "$expected")" "$work/$name"
  [ -e "$work/$name/Makefile" ] || how=by_cmake
  echo "-- $name"
  $how "$work/$name" >"$work/out" || { echo "$name does not build or run"; failed=1; }
  if [ -n "${BLESS:-}" ]; then cp "$work/out" "$expected"; fi
  diff -u "$expected" "$work/out" || failed=1
done
exit $failed
