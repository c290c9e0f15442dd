#!/bin/bash
# minimal.sh SOURCE COMPILER GENERATOR: the build with every optional part off, which needs a C11 compiler and cJSON alone,
# builds and still analyses VMIR.
set -euo pipefail
source=$1 compiler=$2 generator=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake -S "$source" -B "$work/build" -G "$generator" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Debug \
  -DVMEMOPT_LLVM=OFF -DVMEMOPT_TESTS=OFF -DVMEMOPT_WERROR=ON -DCMAKE_DISABLE_FIND_PACKAGE_LLVM=ON >"$work/log" ||
  { cat "$work/log"; exit 1; }
cmake --build "$work/build" >"$work/log" || { cat "$work/log"; exit 1; }
tool=$work/build/bin/vmemopt
"$tool" analyze "$source/corpus/graph/pagerank.vmir" --dim N=1000,E=8000 --json >"$work/report.json"
grep -q '"schema": *"vmemopt.report/1"' "$work/report.json"

echo "-- LLVM IR is refused with a clear message"
if printf 'define void @f() {\n  ret void\n}\n' | "$tool" analyze - 2>"$work/log"; then exit 1; fi
grep -q 'error: this is LLVM IR, and this vmemopt was built without LLVM \[E0801\]' "$work/log"

echo "-- libraries of the tool"
readelf -d "$tool" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | tee "$work/needed"
! grep -v -E '^(libvmemrt|libcjson|libc|libm|ld-linux.*)\.so' "$work/needed"
