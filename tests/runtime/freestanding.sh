#!/bin/bash
# freestanding.sh SOURCE COMPILER: arena, plan and pool, built without an operating system, need four functions of anybody's
# C library: those that a compiler calls by itself.
set -euo pipefail
source=$1 compiler=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for file in arena arena_guard arena_scope plan pool pool_check pool_slabs; do
  "$compiler" -std=c11 -ffreestanding -DVMR_FREESTANDING -O2 -DNDEBUG -Wall -Wextra -Werror -I"$source" -I"$source/include" \
    -c "$source/runtime/$file.c" -o "$work/$file.o"
done
ld -r -o "$work/all.o" "$work"/*.o
nm -u "$work/all.o" | awk '{ print $2 }' | sort >"$work/needed"
cat "$work/needed"
! grep -v -x -E 'memcpy|memset|memmove|memcmp|_GLOBAL_OFFSET_TABLE_' "$work/needed"
