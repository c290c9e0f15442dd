// headers.cpp: every header of the runtime in C++17, with what they define in line.
#include <cstdint>

#include "vmemrt.h"

VMR_POOL_DEFINE(node_pool, double);
VMR_SOA_DEFINE(points, (float, x), (float, y), (std::int64_t, id));

/* Names are the user's: none of them means something else inside of what is defined. */
namespace names {
VMR_POOL_DEFINE(pool, double);
VMR_POOL_DEFINE(object, double);
VMR_POOL_DEFINE(options, double);
VMR_POOL_DEFINE(created, double);
VMR_POOL_DEFINE(given, double);
VMR_POOL_DEFINE(status, double);
VMR_POOL_DEFINE(ctx, double);
VMR_SOA_DEFINE(rows, (float, x));
VMR_SOA_DEFINE(row, (float, self));
VMR_SOA_DEFINE(self, (float, row));
VMR_SOA_DEFINE(last, (float, last));
} // namespace names

static const vmr_view WORDS[] = {VMR_VIEW_INIT("if"), VMR_VIEW_INIT("else")};

vmr_status use_them(vmr_ctx *ctx);

vmr_status use_them(vmr_ctx *ctx) {
  vmr_options options = vmr_options_default();
  vmr_interner_options words = vmr_interner_options_default();
  vmr_interner *interner = nullptr;
  node_pool *pool = nullptr;
  points p;
  vmr_metrics metrics;
  words.words = WORDS;
  words.word_count = 2;
  options.soft_limit = 1;
  points_init(&p, ctx);
  if (points_append(&p, points_row{1, 2, 3}) != VMR_OK || points_column_id(&p)[0] != 3) return VMR_CORRUPTED;
  points_destroy(&p);
  if (vmr_interner_open(&interner, ctx, &words) != VMR_OK || node_pool_create(&pool, ctx) != VMR_OK) return VMR_OK;
  vmr_text text = vmr_text_borrow(ctx, vmr_view_trim(vmr_view_of(" x ")));
  vmr_text_release(&text);
  vmr_prefetch(vmr_arena_create(0));
  return vmr_metrics_read(ctx, &metrics, sizeof metrics);
}
