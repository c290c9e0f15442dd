/* json_sites.c: the functions of LLVM IR and their allocation sites, as JSON: an object for each site. */
#include "reports/json_sites.h"

void vmo_put_place(vmo_json_writer *writer, const vmo_site_place *place) {
  vmo_put_string(writer, "file", place->file);
  if (place->file == NULL || place->line == 0) {
    vmo_put_null(writer, "line");
  } else {
    vmo_put_integer(writer, "line", place->line);
  }
  if (place->file == NULL || place->column == 0) {
    vmo_put_null(writer, "column");
  } else {
    vmo_put_integer(writer, "column", place->column);
  }
}

void vmo_put_known(vmo_json_writer *writer, const char *name, vmo_bytes bytes) {
  if (bytes >= 0) {
    vmo_put_integer(writer, name, bytes);
  } else {
    vmo_put_null(writer, name);
  }
}

static void put_escape(vmo_json_writer *writer, const vmo_site_fact *site) {
  vmo_json_open_row(writer, "escape", '{');
  vmo_put_string(writer, "class", vmo_escape_name(site->escape));
  vmo_put_string(writer, "to", site->escape_to);
  vmo_put_place(writer, &site->escape_place);
  vmo_json_close(writer, '}');
}

static void put_releases(vmo_json_writer *writer, const vmo_site_facts *facts, const vmo_site_fact *site) {
  vmo_json_open_row(writer, "freed_by", '[');
  for (uint32_t i = 0; i < site->release_count; i++) {
    const vmo_site_release *release = &facts->releases.data[site->release_first + i];
    vmo_json_open_row(writer, NULL, '{');
    vmo_put_string(writer, "function", release->function);
    vmo_put_place(writer, &release->place);
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

static void write_site(vmo_json_writer *writer, const vmo_site_facts *facts, const vmo_site_fact *site) {
  bool refused = site->verdict == VMO_VERDICT_KEPT || site->verdict == VMO_VERDICT_FREED_EARLY;
  vmo_json_open_row(writer, NULL, '{');
  vmo_put_place(writer, &site->place);
  vmo_put_string(writer, "allocator", site->allocator);
  vmo_put_known(writer, "bytes", site->bytes);
  vmo_put_integer(writer, "loop_depth", site->loop_depth);
  put_escape(writer, site);
  put_releases(writer, facts, site);
  vmo_put_integer(writer, "null_checks", site->null_checks);
  vmo_put_string(writer, "verdict", vmo_verdict_name(site->verdict));
  vmo_put_string(writer, "refusal", refused ? vmo_site_refusal_name(site->refusal) : NULL);
  vmo_put_string(writer, "refused_by", refused ? site->refused_by : NULL);
  vmo_put_integer(writer, "slot_bytes", site->slot_bytes);
  vmo_put_integer(writer, "callers", site->callers);
  vmo_put_integer(writer, "local_callers", site->local_callers);
  vmo_put_string(writer, "early_free", refused ? vmo_early_free_name(site->early_free) : NULL);
  vmo_put_string(writer, "size", site->size);
  vmo_put_string(writer, "becomes", site->becomes);
  vmo_put_string(writer, "variable", site->variable);
  vmo_put_string(writer, "type", site->type);
  vmo_put_string(writer, "field", site->field);
  vmo_json_close(writer, '}');
}

void vmo_write_site_functions(vmo_json_writer *writer, const vmo_site_facts *facts) {
  for (uint32_t f = 0; f < facts->functions.count; f++) {
    const vmo_site_function *function = &facts->functions.data[f];
    vmo_json_open(writer, NULL, '{');
    vmo_put_string(writer, "name", function->name);
    vmo_put_string(writer, "file", function->place.file);
    vmo_put_integer(writer, "line", function->place.line);
    vmo_put_boolean(writer, "recursive", function->recursive);
    vmo_put_integer(writer, "frame_bytes", function->frame_bytes);
    vmo_put_integer(writer, "stack_frame", function->stack_frame);
    vmo_put_known(writer, "stack_depth", function->stack_depth);
    vmo_put_string(writer, "stack_because", function->stack_depth < 0 ? function->stack_because : NULL);
    vmo_put_known(writer, "heap_before", function->heap_before);
    vmo_put_known(writer, "heap_after", function->heap_after);
    vmo_json_open(writer, "sites", '[');
    for (uint32_t s = 0; s < function->site_count; s++)
      write_site(writer, facts, &facts->sites.data[function->site_first + s]);
    vmo_json_close(writer, ']');
    vmo_json_close(writer, '}');
  }
}
