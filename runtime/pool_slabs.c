/* pool_slabs.c: where a pool's objects lie: regions of addresses, and slabs of memory in them.
 *
 *   reserved region   [16K][16K][32K][64K] ... [1M][2M][2M] ...       slabs, opened one after the other
 *   other region      [region, slab | objects]                        one slab, from the context's backing
 *
 * A pool whose memory is the system's reserves 64 MiB of addresses at once, which cost nothing, so that all of its objects
 * lie in one region until it is full, and one comparison finds them. From 2 MiB on slabs are huge pages. A slab that
 * is given back keeps its addresses: they read as zeros, and are used again first. With a backing of the user's, under
 * a sanitizer and on 32-bit machines each slab is a region. A search goes over all regions: there are few. */
#include <string.h>

#include "runtime/os.h"
#include "runtime/pool.h"

#define FIRST_SLAB_BYTES ((size_t)16 << 10)
#define LARGEST_SLAB_BYTES ((size_t)2 << 20)    /* in a reserved region, unless an object needs more */
#define LARGEST_REGION_BYTES ((size_t)16 << 20) /* one that is a slab doubles up to this */
#define RESERVED_BYTES ((size_t)64 << 20)       /* of addresses; a power of two */
#define LEAST_RESERVED_BYTES ((size_t)4 << 20)
#define LARGEST_STRIDE ((size_t)256 << 10) /* larger objects get regions of their own */
#define TAG_BYTES sizeof(uintptr_t)
#define HEAD_BYTES (vmr_round_up(sizeof(vmr_region) + sizeof(vmr_slab), 16) + TAG_BYTES)

static size_t unit_bytes(const vmr_pool_body *body) { return (size_t)1 << body->open.shift; }

/* ---- finding ---- */

vmr_region *vmr_pool_find_region(const vmr_pool_body *body, const void *object) {
  size_t shift = body->open.shift;
  for (vmr_region *each = body->regions; each != NULL; each = each->next) {
    size_t offset = (size_t)((uintptr_t)object - (uintptr_t)each->low);
    if ((offset >> shift | offset << (sizeof(size_t) * 8 - shift)) < each->units) return each;
  }
  return NULL;
}

const vmr_slab *vmr_pool_find_slab(const vmr_pool_body *body, const void *object) {
  uintptr_t place = (uintptr_t)object;
  for (const vmr_slab *each = body->slabs; each != NULL; each = each->next) {
    if (!each->is_open || place < (uintptr_t)each->first || place >= (uintptr_t)vmr_slab_end(body, each)) continue;
    return (place - (uintptr_t)each->first) % body->stride == 0 ? each : NULL;
  }
  return NULL;
}

void vmr_pool_set_window(vmr_pool_body *body, const vmr_region *region) {
  body->open.low = region != NULL ? (uintptr_t)region->low : 0;
  body->open.units = region != NULL ? region->units : 0;
}

/* ---- slabs ---- */

/* Makes `slab` the one that new objects come from. */
static void enter_slab(vmr_pool_body *body, vmr_slab *slab) {
  if (body->current != NULL) body->current->end = body->cursor;
  slab->is_open = true;
  slab->end = slab->first;
  body->current = slab;
  body->cursor = slab->first;
  body->limit = slab->limit;
  vmr_pool_set_window(body, slab->region);
  VMR_PUBLISH(body->reserved, body->reserved + slab->bytes);
  if (body->is_watched) vmr_os_poison(slab->first, (size_t)(slab->limit - slab->first));
}

static void add_to_list(vmr_pool_body *body, vmr_slab *slab) {
  slab->next = body->slabs;
  body->slabs = slab;
}

size_t vmr_pool_count_fitting(const vmr_pool_body *body, size_t bytes, size_t extra) {
  size_t each = body->stride + extra, head = HEAD_BYTES + body->alignment;
  return bytes > head ? (bytes - head) / each : 0;
}

vmr_slab *vmr_pool_lay_out(vmr_pool_body *body, char *base, size_t bytes) {
  vmr_region *region = (void *)base;
  vmr_slab *slab = (void *)(region + 1);
  size_t count = vmr_pool_count_fitting(body, bytes, 0);
  char *low = base + HEAD_BYTES;
  low += (size_t)(-(uintptr_t)low) & (body->alignment - 1);
  *region = (vmr_region){.next = body->regions,
                         .low = low,
                         .units = count * (body->stride >> body->open.shift),
                         .base = base,
                         .bytes = bytes};
  *slab =
      (vmr_slab){.region = region, .begin = base, .bytes = bytes, .first = low, .limit = low + count * body->stride};
  body->regions = region;
  add_to_list(body, slab);
  enter_slab(body, slab);
  return slab;
}

/* What a slab of `bytes` takes of the context, with its record and its places in the stack. */
static size_t cost_of(const vmr_pool_body *body, size_t bytes) {
  size_t needed = body->made + bytes / body->stride, most = body->capacity * 2 > needed ? body->capacity * 2 : needed;
  return bytes + sizeof(vmr_slab) + (needed > body->capacity ? (most - body->capacity) * sizeof(void *) : 0);
}

/* Near the context's limit a smaller slab will do. */
static size_t fit_slab(const vmr_pool_body *body, size_t bytes, size_t least) {
  size_t room = vmr_ctx_room(body->handle.ctx);
  while (cost_of(body, bytes) > room && bytes / 2 >= least) bytes /= 2;
  return bytes;
}

/* A region that is one slab. */
static bool add_other(vmr_pool_body *body) {
  size_t least = HEAD_BYTES + 2 * body->alignment + 2 * body->stride, bytes = body->next_slab_bytes;
  char *base = NULL;
  bytes = bytes < least ? least : fit_slab(body, bytes, least);
  if (!vmr_pool_reserve_stack(body, body->made + vmr_pool_count_fitting(body, bytes, 0))) return false;
  base = vmr_ctx_obtain(body->handle.ctx, VMR_KIND_POOL, bytes);
  if (base == NULL) return false;
  (void)vmr_pool_lay_out(body, base, bytes);
  if (body->next_slab_bytes < LARGEST_REGION_BYTES) body->next_slab_bytes *= 2;
  return true;
}

/* ---- reserved regions ---- */

static bool reserves(const vmr_pool_body *body) {
  return sizeof(void *) == 8 && vmr_ctx_has_pages(body->handle.ctx) && !body->is_watched &&
         body->stride <= LARGEST_STRIDE && unit_bytes(body) <= LARGEST_STRIDE;
}

/* Addresses for objects. Where a process may have few of them, all its pools and the rest of it are to get some. */
static bool reserve_addresses(const vmr_pool_body *body, vmr_region *region) {
  size_t most = vmr_os_most_addresses() / 256;
  for (size_t bytes = RESERVED_BYTES; bytes >= LEAST_RESERVED_BYTES; bytes /= 2) {
    char *base = bytes <= most ? vmr_os_reserve(bytes) : NULL;
    if (base == NULL) continue;
    *region = (vmr_region){
        .next = body->regions, .low = base + unit_bytes(body), .base = base, .bytes = bytes, .is_reserved = true};
    return true;
  }
  return false;
}

/* Opens the memory of a slab and books it. */
static bool open_slab(vmr_pool_body *body, vmr_slab *slab) {
  vmr_ctx *ctx = body->handle.ctx;
  bool is_huge = slab->bytes % LARGEST_SLAB_BYTES == 0 && (uintptr_t)slab->begin % LARGEST_SLAB_BYTES == 0;
  size_t count = (size_t)(slab->limit - slab->first) / body->stride;
  if (!vmr_pool_reserve_stack(body, body->made + count)) return false;
  if (!vmr_ctx_charge(ctx, VMR_KIND_POOL, slab->bytes)) return false;
  if (!vmr_os_open(slab->begin, slab->bytes, is_huge && vmr_ctx_wants_huge_pages(ctx))) {
    vmr_ctx_discharge(ctx, VMR_KIND_POOL, slab->bytes);
    return vmr_ctx_count_refusal(ctx, VMR_KIND_POOL, false), false;
  }
  size_t units = (size_t)(slab->limit - slab->region->low) >> body->open.shift;
  if (units > slab->region->units) slab->region->units = units;
  enter_slab(body, slab);
  return true;
}

/* The bytes of the next slab of a region, which is as large as all before it if that can be; 0: the region is full. */
static size_t next_slab_bytes(const vmr_pool_body *body, const vmr_region *region) {
  size_t room = region->bytes - region->carved;
  size_t bytes = region->carved < FIRST_SLAB_BYTES ? FIRST_SLAB_BYTES : region->carved;
  if (bytes > LARGEST_SLAB_BYTES) bytes = LARGEST_SLAB_BYTES;
  size_t least = FIRST_SLAB_BYTES;
  while (least < body->stride + unit_bytes(body) + TAG_BYTES) least *= 2;
  bytes = bytes < least ? least : fit_slab(body, bytes, least) & ~(FIRST_SLAB_BYTES - 1);
  return bytes <= room ? bytes : 0;
}

static vmr_slab *carve_slab(vmr_pool_body *body, vmr_region *region, size_t bytes) {
  size_t unit = unit_bytes(body);
  vmr_slab *slab = vmr_ctx_obtain(body->handle.ctx, VMR_KIND_POOL, sizeof *slab);
  if (slab == NULL) return NULL;
  char *begin = region->base + region->carved, *first = region->base + vmr_round_up(region->carved + TAG_BYTES, unit);
  size_t count = (size_t)(begin + bytes - first + TAG_BYTES) / body->stride; /* behind the last there is no tag */
  *slab = (vmr_slab){.region = region,
                     .begin = begin,
                     .bytes = bytes,
                     .first = first,
                     .limit = first + count * body->stride,
                     .end = first};
  region->carved += bytes;
  add_to_list(body, slab);
  return slab;
}

/* A slab that was given back: one that there is room for, else any. */
static vmr_slab *find_closed(const vmr_pool_body *body) {
  vmr_slab *found = NULL;
  size_t room = vmr_ctx_room(body->handle.ctx);
  for (vmr_slab *each = body->slabs; each != NULL; each = each->next) {
    if (!each->is_open && (found == NULL || cost_of(body, each->bytes) <= room)) found = each;
  }
  return found;
}

/* Takes the newest slab, which was never opened, back. */
static void uncarve_slab(vmr_pool_body *body, vmr_slab *slab) {
  slab->region->carved -= slab->bytes;
  body->slabs = slab->next;
  vmr_ctx_release(body->handle.ctx, VMR_KIND_POOL, slab, sizeof *slab);
}

bool vmr_pool_add_slab(vmr_pool_body *body) {
  if (body->is_in_buffer) return false;
  vmr_slab *closed = find_closed(body);
  if (closed != NULL) return open_slab(body, closed);
  if (!reserves(body)) return add_other(body);
  vmr_region *region = body->regions;
  size_t bytes = region != NULL && region->is_reserved ? next_slab_bytes(body, region) : 0;
  if (bytes == 0) {
    region = vmr_ctx_obtain(body->handle.ctx, VMR_KIND_POOL, sizeof *region);
    if (region == NULL) return false;
    if (!reserve_addresses(body, region)) {
      vmr_ctx_release(body->handle.ctx, VMR_KIND_POOL, region, sizeof *region);
      return add_other(body);
    }
    body->regions = region;
    bytes = next_slab_bytes(body, region);
  }
  vmr_slab *slab = carve_slab(body, region, bytes);
  if (slab == NULL) return false;
  bool is_open = open_slab(body, slab);
  if (!is_open) uncarve_slab(body, slab);
  return is_open;
}

/* ---- giving back ---- */

static void release_region(vmr_pool_body *body, vmr_region *region) {
  vmr_region **link = &body->regions;
  while (*link != region) link = &(*link)->next;
  *link = region->next;
  if (body->open.low == (uintptr_t)region->low) vmr_pool_set_window(body, NULL);
  if (region->is_given) return;
  if (region->is_reserved) {
    vmr_os_unmap(region->base, region->bytes);
    vmr_ctx_release(body->handle.ctx, VMR_KIND_POOL, region, sizeof *region);
  } else {
    vmr_ctx_release(body->handle.ctx, VMR_KIND_POOL, region->base, region->bytes); /* it lies in there */
  }
}

/* Gives the memory of a slab back; its record stays when the region does. */
static void close_slab(vmr_pool_body *body, vmr_slab *slab) {
  if (body->is_watched) vmr_os_unpoison(slab->first, (size_t)(slab->limit - slab->first));
  if (slab == body->current) {
    body->current = NULL;
    body->cursor = body->limit = NULL;
  }
  slab->is_open = false;
  VMR_PUBLISH(body->reserved, body->reserved - slab->bytes);
  if (!slab->region->is_reserved) return;
  vmr_os_clear(slab->begin, slab->bytes);
  vmr_ctx_discharge(body->handle.ctx, VMR_KIND_POOL, slab->bytes);
}

/* Whether an object is the user's, or in a shared pool's magazine: all that are not in the stack. */
static bool has_live(const vmr_pool_body *body, const vmr_slab *slab) {
  for (const char *object = slab->first; object < slab->end; object += body->stride) {
    if (*vmr_tag_of(object) != 0) return true;
  }
  return false;
}

static bool may_go(const vmr_pool_body *body, const vmr_slab *slab) {
  if (!slab->is_open || slab->region->is_given) return false;
  return (slab->region->is_reserved || !body->keeps_regions) && !has_live(body, slab);
}

void vmr_pool_release_idle_slabs(vmr_pool_body *body, size_t keep) {
  size_t idle = vmr_pool_count_idle(body);
  if (body->current != NULL) body->current->end = body->cursor;
  for (vmr_slab **link = &body->slabs, *slab; (slab = *link) != NULL;) {
    size_t count = (size_t)(slab->end - slab->first) / body->stride;
    bool is_freed = may_go(body, slab) && idle - (count < idle ? count : idle) >= keep;
    if (is_freed) {
      VMR_PUBLISH(body->made, body->made - count);
      idle -= count;
      close_slab(body, slab);
    }
    if (is_freed && !slab->region->is_reserved) {
      *link = slab->next;
      release_region(body, slab->region);
    } else {
      link = &slab->next;
    }
  }
}

void vmr_pool_release_slabs(vmr_pool_body *body) {
  for (vmr_slab *each = body->slabs, *next; each != NULL; each = next) {
    next = each->next;
    if (each->is_open) close_slab(body, each);
    if (each->region->is_reserved) vmr_ctx_release(body->handle.ctx, VMR_KIND_POOL, each, sizeof *each);
  }
  body->slabs = NULL;
  while (body->regions != NULL) release_region(body, body->regions);
}
