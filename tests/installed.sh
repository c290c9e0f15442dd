#!/bin/bash
# installed.sh BUILD SOURCE COMPILER GENERATOR [SANITIZERS]: installs a build into a temporary folder, moves that folder, and
# then uses it as somebody else would: runs the tool, compiles the public headers alone, builds and runs the
# examples through CMake's find_package, and one through pkg-config.
set -euo pipefail
build=$1 source=$2 compiler=$3 generator=$4 sanitizers=${5:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=(-std=c11 -pedantic -Wall -Wextra -Werror)
[ -z "$sanitizers" ] || flags+=("-fsanitize=$sanitizers")

cmake --install "$build" --prefix "$work/first" >"$work/log" || { cat "$work/log"; exit 1; }
mv "$work/first" "$work/prefix"
prefix=$work/prefix

echo "-- the tool, from where it was moved to"
"$prefix/bin/vmemopt" --version
"$prefix/bin/vmemopt" check "$prefix/share/vmemopt/corpus/graph/pagerank.vmir"
for file in doc/vmemopt/LICENSE doc/vmemopt/README.md doc/vmemopt/vmir.md vmemopt/report.schema.json; do
  test -s "$prefix/share/$file" || { echo "not installed: share/$file"; exit 1; }
done

echo "-- each public header alone"
for header in vmemopt.h vmemrt.h $(cd "$prefix/include" && ls vmemrt/*.h); do
  echo "#include <$header>" >"$work/alone.c"
  "$compiler" "${flags[@]}" -I"$prefix/include" -fsyntax-only "$work/alone.c"
done

echo "-- the example through find_package"
cmake -S "$source/examples/embed" -B "$work/embed" -G "$generator" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_C_COMPILER="$compiler" -DCMAKE_C_FLAGS="${flags[*]}" >"$work/log" || { cat "$work/log"; exit 1; }
cmake --build "$work/embed" >"$work/log" || { cat "$work/log"; exit 1; }
"$work/embed/embed" | tee "$work/cmake.out"

echo "-- the example that takes the slot allocator alone"
cmake -S "$source/examples/slots" -B "$work/slots" -G "$generator" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_C_COMPILER="$compiler" -DCMAKE_C_FLAGS="${flags[*]}" >"$work/log" || { cat "$work/log"; exit 1; }
cmake --build "$work/slots" >"$work/log" || { cat "$work/log"; exit 1; }
"$work/slots/slots" | tee "$work/slots.out"
grep -q '^mended: .* fast 65536 bytes, slow 12288 bytes, 6 kept, 0 moved$' "$work/slots.out"

echo "-- the example through pkg-config"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name vmemopt.pc)")
export PKG_CONFIG_PATH
read -ra package <<<"$(pkg-config --cflags --libs vmemopt)"
"$compiler" "${flags[@]}" "$source/examples/embed/main.c" -o "$work/by_pkg_config" "${package[@]}"
LD_LIBRARY_PATH=$(pkg-config --variable=libdir vmemopt) "$work/by_pkg_config" >"$work/pkg_config.out"
cmp "$work/cmake.out" "$work/pkg_config.out"
test -s "$work/cmake.out"
