/* heap_profile.c: whose sites a profile of allocation sites tells of.
 *
 * Whatever it tells, the program that is made with it is right: figures choose among layouts, each of which is. So what has
 * changed since it was written is a warning. Linear. */
#include "analysis/heap_profile.h"

#include <string.h>

#include "support/diag.h"
#include "support/hash_index.h"

/* ---- the keys of sites ---- */

typedef struct site_key {
  const char *function, *file, *allocator;
  uint32_t line, column;
} site_key;

static site_key key_of(const vmo_heap_site *site) {
  return (site_key){site->function, site->place.file, site->allocator, site->place.line, site->place.column};
}

static site_key key_of_profiled(const vmo_profile_site *site) {
  return (site_key){site->function, site->file, site->allocator, site->line, site->column};
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv. */
static uint64_t add_byte(uint64_t hash, unsigned char byte) { return (hash ^ byte) * UINT64_C(0x100000001b3); }

static uint64_t add_text(uint64_t hash, const char *text) {
  for (; text != NULL && *text != '\0'; text++) hash = add_byte(hash, (unsigned char)*text);
  return add_byte(hash, text == NULL);
}

static uint64_t add_number(uint64_t hash, uint32_t number) {
  for (int i = 0; i < 4; i++, number >>= 8) hash = add_byte(hash, (unsigned char)number);
  return hash;
}

static uint64_t add_key(uint64_t hash, const site_key *key) {
  hash = add_text(add_text(add_text(hash, key->function), key->file), key->allocator);
  return add_number(add_number(hash, key->line), key->column);
}

#define FIRST_HASH UINT64_C(0xcbf29ce484222325)

static uint32_t index_of_key(const site_key *key, uint32_t ordinal) {
  uint64_t hash = add_number(add_key(FIRST_HASH, key), ordinal);
  return (uint32_t)(hash ^ hash >> 32);
}

static bool are_same(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }

static bool are_same_keys(const site_key *a, const site_key *b) {
  return a->line == b->line && a->column == b->column && are_same(a->function, b->function) &&
         are_same(a->file, b->file) && are_same(a->allocator, b->allocator);
}

bool vmo_is_same_profiled_site(const vmo_profile_site *a, const vmo_profile_site *b) {
  site_key key = key_of_profiled(a), other = key_of_profiled(b);
  return a->ordinal == b->ordinal && are_same_keys(&key, &other);
}

uint32_t vmo_hash_profiled_site(const vmo_profile_site *site) {
  site_key key = key_of_profiled(site);
  return index_of_key(&key, site->ordinal);
}

/* Each key's first site is in the index; `next` has the ordinal that the next one with that key gets. */
vmo_status vmo_number_heap_sites(vmo_context *context, vmo_heap_facts *facts) {
  vmo_hash_index index = {0};
  uint32_t *next = vmo_alloc_array(context, (size_t)facts->sites.count + 1, sizeof *next);
  if (next == NULL) return VMO_OUT_OF_MEMORY;
  facts->hash = FIRST_HASH;
  for (uint32_t s = 0; s < facts->sites.count; s++) {
    vmo_heap_site *site = &facts->sites.data[s];
    site_key key = key_of(site);
    uint32_t hash = index_of_key(&key, 0), cursor = 0, first;
    while ((first = vmo_hash_index_next(&index, hash, &cursor)) != VMO_NONE) {
      site_key other = key_of(&facts->sites.data[first]);
      if (are_same_keys(&key, &other)) break;
    }
    if (first == VMO_NONE && !vmo_hash_index_add(context->arena, &index, hash, first = s)) return VMO_OUT_OF_MEMORY;
    site->ordinal = next[first]++;
    facts->hash = add_key(facts->hash, &key);
  }
  return VMO_OK;
}

/* ---- whose sites it tells of ---- */

static uint32_t find_site(const vmo_hash_index *index, const vmo_heap_facts *facts, const vmo_profile_site *wanted) {
  site_key key = key_of_profiled(wanted);
  uint32_t cursor = 0;
  for (uint32_t s; (s = vmo_hash_index_next(index, index_of_key(&key, wanted->ordinal), &cursor)) != VMO_NONE;) {
    site_key other = key_of(&facts->sites.data[s]);
    if (facts->sites.data[s].ordinal == wanted->ordinal && are_same_keys(&key, &other)) return s;
  }
  return VMO_NONE;
}

/* How many of a run's sites are the program's. */
static uint32_t count_found(const vmo_hash_index *index, const vmo_heap_facts *facts, const vmo_heap_profile *run) {
  uint32_t found = 0;
  for (uint32_t p = 0; p < run->sites.count; p++) found += find_site(index, facts, &run->sites.data[p]) != VMO_NONE;
  return found;
}

static vmo_status judge(vmo_context *context, const vmo_heap_profile *run, const vmo_heap_facts *facts,
                        uint32_t found) {
  vmo_diagnostic *added;
  uint32_t told = run->sites.count, wanted = facts->sites.count;
  if (found == 0 && told > 0 && wanted > 0) {
    added = vmo_diag_add(context, VMO_DIAG_OTHER_PROFILE, (vmo_location){0},
                         "%s tells of another program: none of its "
                         "%u sites is one of this program's %u",
                         run->path, told, wanted);
    vmo_diag_hint(context, added, "build this program with --heaps --instrument, and run it");
    return VMO_INPUT_ERROR;
  }
  if (found == told && (found == wanted || run->hash == facts->hash)) return VMO_OK;
  added = vmo_diag_add(context, VMO_DIAG_OLD_PROFILE, (vmo_location){0},
                       "%s tells of %u sites; %u are the program's, which has %u", run->path, told, found, wanted);
  vmo_diag_hint(context, added,
                "the program has changed since it was instrumented: where nothing is told of a site, it is "
                "grouped as without a profile");
  return VMO_OK;
}

vmo_status vmo_match_heap_profile(vmo_context *context, const vmo_heap_profile *profile, vmo_heap_facts *facts) {
  vmo_hash_index index = {0};
  for (uint32_t s = 0; s < facts->sites.count; s++) {
    site_key key = key_of(&facts->sites.data[s]);
    if (!vmo_hash_index_add(context->arena, &index, index_of_key(&key, facts->sites.data[s].ordinal), s))
      return VMO_OUT_OF_MEMORY;
  }
  for (uint32_t p = 0; p < profile->sites.count; p++) {
    uint32_t site = find_site(&index, facts, &profile->sites.data[p]);
    if (site != VMO_NONE) facts->sites.data[site].profile = &profile->sites.data[p];
  }
  vmo_status status = VMO_OK;
  for (uint32_t r = 0; r < profile->run_count && status == VMO_OK; r++)
    status = judge(context, &profile->runs[r], facts, count_found(&index, facts, &profile->runs[r]));
  return status;
}
