/* json_heaps.c: heaps and their sites, as JSON: an object for each. */
#include "reports/json_heaps.h"

static void write_heap(vmo_json_writer *writer, const vmo_heap_facts *facts, uint32_t id) {
  const vmo_heap_fact *heap = &facts->heaps.data[id];
  vmo_json_open_row(writer, NULL, '{');
  vmo_put_integer(writer, "heap", id);
  vmo_put_string(writer, "kind", vmo_heap_kind_name(heap->kind));
  vmo_put_string(writer, "bond", vmo_heap_bond_name(heap->bond));
  vmo_put_integer(writer, "alignment", heap->alignment);
  vmo_put_string(writer, "threads", vmo_heap_threads_name(heap->threads));
  vmo_put_boolean(writer, "shared", heap->shared);
  vmo_put_integer(writer, "sites", heap->site_count);
  vmo_put_known(writer, "object_bytes", heap->object_bytes);
  vmo_put_string(writer, "scope", heap->scope);
  vmo_put_string(writer, "scope_refusal",
                 heap->scope == NULL ? vmo_heap_scope_refusal_name(heap->scope_refusal) : NULL);
  vmo_put_string(writer, "scope_refused", heap->scope == NULL ? heap->scope_refused : NULL);
  vmo_put_string(writer, "recycling", heap->scope != NULL ? vmo_heap_recycling_name(heap->recycling) : NULL);
  vmo_put_integer(writer, "elided", heap->elided_count);
  vmo_put_integer(writer, "block", heap->block_bytes);
  vmo_put_known(writer, "expected_objects", heap->expected_objects);
  vmo_put_known(writer, "expected_bytes", heap->expected_bytes);
  vmo_put_known(writer, "expected_peak", heap->expected_peak);
  vmo_json_close(writer, '}');
}

static void write_run(vmo_json_writer *writer, const vmo_profile_site *run) {
  if (run == NULL || !run->noted) {
    vmo_put_null(writer, "run");
    return;
  }
  vmo_json_open(writer, "run", '{');
  vmo_put_integer(writer, "objects", run->count);
  vmo_put_integer(writer, "bytes", run->bytes);
  vmo_put_integer(writer, "smallest", run->smallest);
  vmo_put_integer(writer, "largest", run->largest);
  vmo_put_integer(writer, "usual", run->usual);
  vmo_put_integer(writer, "frees", run->frees);
  vmo_put_integer(writer, "moves", run->moves);
  vmo_put_integer(writer, "peak_objects", run->peak_objects);
  vmo_put_integer(writer, "peak_bytes", run->peak_bytes);
  vmo_put_integer(writer, "left_objects", run->left_objects);
  vmo_put_integer(writer, "left_bytes", run->left_bytes);
  vmo_put_integer(writer, "mean_life", run->mean_life);
  vmo_put_integer(writer, "longest_life", run->longest_life);
  vmo_json_close(writer, '}');
}

static void write_site(vmo_json_writer *writer, const vmo_heap_site *site) {
  vmo_json_open_row(writer, NULL, '{');
  vmo_put_string(writer, "function", site->function);
  vmo_put_place(writer, &site->place);
  vmo_put_string(writer, "allocator", site->allocator);
  vmo_put_string(writer, "type", site->type);
  vmo_put_known(writer, "bytes", site->bytes);
  vmo_put_known(writer, "heap", site->heap == VMO_NONE ? -1 : (vmo_bytes)site->heap);
  vmo_put_string(writer, "refusal", site->heap == VMO_NONE ? vmo_heap_refusal_name(site->refusal) : NULL);
  vmo_put_string(writer, "because", site->because);
  vmo_put_string(writer, "because_to", site->because_to);
  vmo_put_string(writer, "because_file", site->because_place.file);
  vmo_put_known(writer, "because_line", site->because_place.file != NULL ? (vmo_bytes)site->because_place.line : -1);
  write_run(writer, site->profile);
  vmo_json_close(writer, '}');
}

void vmo_write_heaps_member(vmo_json_writer *writer, const vmo_heap_facts *facts) {
  vmo_json_open(writer, "heaps", '{');
  vmo_put_integer(writer, "served", facts->served);
  vmo_put_integer(writer, "releases", facts->releases);
  vmo_put_integer(writer, "elided", facts->elided);
  vmo_put_boolean(writer, "threads", facts->shared);
  vmo_put_string(writer, "threads_because", facts->shared_because);
  vmo_put_boolean(writer, "instrumented", facts->instrumented);
  vmo_put_boolean(writer, "profiled", facts->profiled);
  vmo_json_open(writer, "heaps", '[');
  for (uint32_t h = 0; h < facts->heaps.count; h++) write_heap(writer, facts, h);
  vmo_json_close(writer, ']');
  vmo_json_open(writer, "copies", '[');
  for (uint32_t i = 0; i < facts->copies.count; i++) {
    vmo_json_open_row(writer, NULL, '{');
    vmo_put_string(writer, "function", facts->copies.data[i].function);
    vmo_put_integer(writer, "copies", facts->copies.data[i].copies);
    vmo_put_string(writer, "refusal", vmo_heap_copy_refusal_name(facts->copies.data[i].refusal));
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
  vmo_json_open(writer, "sites", '[');
  for (uint32_t s = 0; s < facts->sites.count; s++) write_site(writer, &facts->sites.data[s]);
  vmo_json_close(writer, ']');
  vmo_json_close(writer, '}');
}
