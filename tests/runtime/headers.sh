#!/bin/bash
# headers.sh SOURCE: the public headers of the runtime, each alone and all together, in a C++17 program; macros included.
set -euo pipefail
source=$1
compiler=$(command -v c++ || command -v g++ || command -v clang++-19 || command -v clang++-22) ||
  { echo "no C++ compiler: tools/setup installs clang-19"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for header in vmemrt.h $(cd "$source/include" && ls vmemrt/*.h); do
  printf '#include <%s>\nint main() { return 0; }\n' "$header" >"$work/alone.cpp"
  "$compiler" -std=c++17 -Wall -Wextra -pedantic -Werror -I"$source/include" -fsyntax-only "$work/alone.cpp"
  echo "$header"
done
cat >"$work/all.cpp" <<'CODE'
#include <vmemrt.h>
struct alignas(32) point {
  double x, y;
};
VMR_POOL_DEFINE(point_pool, point);
int main() {
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = nullptr;
  if (vmr_ctx_create(&ctx, &options) != VMR_OK) return 1;
  point_pool *pool = nullptr;
  if (point_pool_create(&pool, ctx) != VMR_OK) return 2;
  point *object = point_pool_get(pool);
  vmr_arena *arena = vmr_arena_create(0);
  int *number = static_cast<int *>(vmr_arena_alloc(arena, sizeof(int)));
  *number = point_pool_put(pool, object);
  int status = *number;
  vmr_arena_destroy(arena);
  return status + point_pool_destroy(pool) + vmr_ctx_destroy(ctx);
}
CODE
"$compiler" -std=c++17 -Wall -Wextra -Werror -I"$source/include" -fsyntax-only "$work/all.cpp"
