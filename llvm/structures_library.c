/* structures_library.c: what calls of functions of the table (libc_table.def) say about where pointers point.
 *
 * Each letter of a row says what happens to an argument: a fresh object stands there, its address is sent, an array is sorted by a
 * function of the program. What allocates makes a node, what frees marks the nodes of its argument. */
#include <string.h>

#include "llvm/structures_find.h"

#define POINTER_BYTES 8
#define MOST_SENT 128

static vmo_ll_place make_object(vmo_ll_finder *finder, bool through_pointer) {
  vmo_ll_place place = {0, finder->made[finder->at]};
  if (place.node != VMO_NONE) return place;
  place = vmo_ll_new_place(&finder->graph);
  finder->made[finder->at] = place.node;
  if (!through_pointer) vmo_ll_mark_place(&finder->graph, place, VMO_LL_HAS_SITE);
  if (finder->hides_all) vmo_ll_expose(&finder->graph, place, VMO_ESCAPE_INTEGER, finder->at);
  return place;
}

/* A few words that are copied are loaded and stored; of more, or of any number, the contents are one. */
static void copy_memory(vmo_ll_finder *finder, const vmo_ll_instruction *call, uint32_t to, uint32_t from) {
  vmo_ll_place target = vmo_ll_argument(finder, to), source = vmo_ll_argument(finder, from);
  vmo_bytes bytes = vmo_ll_constant_argument(call, 2);
  if (target.node == VMO_NONE || source.node == VMO_NONE) {
    if (source.node != VMO_NONE) vmo_ll_expose_content(&finder->graph, source, VMO_ESCAPE_INTEGER, finder->at);
  } else if (bytes >= 0 && bytes <= 8 * POINTER_BYTES && bytes % POINTER_BYTES == 0) {
    for (vmo_bytes at = 0; at < bytes; at += POINTER_BYTES) {
      vmo_ll_place value =
          vmo_ll_follow(&finder->graph, (vmo_ll_place){source.offset + at, source.node}, POINTER_BYTES);
      vmo_ll_place old = vmo_ll_follow(&finder->graph, (vmo_ll_place){target.offset + at, target.node}, POINTER_BYTES);
      vmo_ll_unify(&finder->graph, old, value);
    }
  } else {
    vmo_ll_unify_contents(&finder->graph, target, source);
  }
}

static void release(vmo_ll_finder *finder, uint16_t flag, bool through_pointer) {
  uint16_t flags = through_pointer ? flag | VMO_LL_BY_POINTER : flag;
  vmo_ll_mark_place(&finder->graph, vmo_ll_argument(finder, 0), flags);
}

/* A function that compares elements of an array gets the addresses of two of them, or of a key and one. */
static void read_comparison(vmo_ll_finder *finder, const vmo_ll_instruction *call, const vmo_libc_row *row) {
  bool search = strcmp(row->name, "bsearch") == 0;
  vmo_ll_place array = vmo_ll_argument(finder, search), key = vmo_ll_argument(finder, 0);
  vmo_bytes bytes = vmo_ll_constant_argument(call, search ? 3 : 2);
  vmo_ll_fold(&finder->graph, array, bytes > 0 ? (uint64_t)bytes : 1);
  vmo_ll_mark_place(&finder->graph, array, VMO_LL_ARRAY);
  vmo_ll_place arguments[3] = {search ? key : array, array, vmo_ll_argument(finder, 4)};
  bool more = strcmp(row->name, "qsort_r") == 0;
  vmo_ll_call_back(finder, vmo_ll_argument(finder, search ? 4 : 3), arguments, more ? 3 : 2);
}

/* strtok goes on in the text of any earlier call. */
static void read_tokens(vmo_ll_finder *finder, const vmo_ll_instruction *call) {
  vmo_ll_place text = vmo_ll_place_kept(finder, &finder->text);
  vmo_ll_unify(&finder->graph, text, vmo_ll_argument(finder, 0));
  vmo_ll_fold(&finder->graph, text, 1);
  vmo_ll_flow_result(finder, call, text);
}

bool vmo_ll_compares(const vmo_libc_row *row) {
  return strcmp(row->name, "qsort") == 0 || strcmp(row->name, "qsort_r") == 0 || strcmp(row->name, "bsearch") == 0;
}

/* What strtok_r goes on in: the text where it was, or that of argument 0. */
static vmo_ll_place place_moved(vmo_ll_finder *finder, uint32_t index) {
  vmo_ll_place held = vmo_ll_follow(&finder->graph, vmo_ll_argument(finder, index), POINTER_BYTES);
  if (index > 0) vmo_ll_unify(&finder->graph, held, vmo_ll_argument(finder, 0));
  vmo_ll_fold(&finder->graph, held, 1);
  return held;
}

/* How many bytes are sent: numbers follow the address; -1: not known, or many. */
static vmo_bytes count_sent(const vmo_ll_instruction *call, const vmo_libc_row *row, uint32_t index) {
  vmo_bytes bytes = 1;
  for (uint32_t i = index + 1; i < call->operand_count && vmo_libc_effect_of(row, i) == VMO_EFFECT_NUMBER; i++) {
    vmo_bytes factor = vmo_ll_constant_argument(call, i);
    if (factor < 0 || factor > MOST_SENT) return -1;
    bytes *= factor;
    if (bytes > MOST_SENT) return -1;
  }
  return index + 1 < call->operand_count ? bytes : -1;
}

/* Addresses that are sent, as through a pipe, are known to whoever reads there. */
static void send(vmo_ll_finder *finder, const vmo_ll_instruction *call, const vmo_libc_row *row, uint32_t index) {
  vmo_ll_place place = vmo_ll_argument(finder, index);
  vmo_bytes bytes = count_sent(call, row, index);
  if (place.node == VMO_NONE) return;
  vmo_site_escape first = finder->graph.hides ? VMO_ESCAPE_INTEGER : VMO_ESCAPE_CALL; /* which is told as the reason */
  if (bytes < 0) {
    vmo_ll_expose_content(&finder->graph, place, first, finder->at);
    vmo_ll_expose_content(&finder->graph, place, VMO_ESCAPE_INTEGER, finder->at);
  }
  for (; bytes > 0; bytes -= POINTER_BYTES, place.offset += POINTER_BYTES) {
    uint32_t width = bytes < POINTER_BYTES ? (uint32_t)bytes : POINTER_BYTES;
    vmo_ll_place target = vmo_ll_follow_part(&finder->graph, place, width);
    vmo_ll_expose(&finder->graph, target, first, finder->at);
    vmo_ll_expose(&finder->graph, target, VMO_ESCAPE_INTEGER, finder->at);
  }
}

static void read_argument(vmo_ll_finder *finder, const vmo_ll_instruction *call, const vmo_libc_row *row,
                          uint32_t index, bool through_pointer) {
  vmo_ll_place place = vmo_ll_argument(finder, index), value;
  switch (vmo_libc_effect_of(row, index)) {
  case VMO_EFFECT_CAPTURE:
  case VMO_EFFECT_MEASURE:
    if (!vmo_ll_compares(row)) vmo_ll_expose(&finder->graph, place, VMO_ESCAPE_CALL, finder->at);
    break;
  case VMO_EFFECT_SEND: send(finder, call, row, index); break;
  case VMO_EFFECT_FRESH:
    value = make_object(finder, through_pointer);
    vmo_ll_unify(&finder->graph, vmo_ll_follow(&finder->graph, place, POINTER_BYTES), value);
    break;
  case VMO_EFFECT_END:
    if (place.node == VMO_NONE) break;
    value = vmo_ll_argument(finder, 0);
    vmo_ll_fold(&finder->graph, value, 1);
    vmo_ll_unify(&finder->graph, vmo_ll_follow(&finder->graph, place, POINTER_BYTES), value);
    break;
  case VMO_EFFECT_GROW: /* the library moves it, so it is the library's */
    value = vmo_ll_follow(&finder->graph, place, POINTER_BYTES);
    vmo_ll_unify(&finder->graph, value, make_object(finder, through_pointer));
    vmo_ll_mark_place(&finder->graph, value, VMO_LL_HAS_MOVE);
    vmo_ll_expose(&finder->graph, value, VMO_ESCAPE_CALL, finder->at);
    break;
  case VMO_EFFECT_MOVE: place_moved(finder, index); break;
  case VMO_EFFECT_PRINT: vmo_ll_read_print(finder, call, index); break;
  case VMO_EFFECT_LIST: vmo_ll_read_print_list(finder, call, index); break;
  case VMO_EFFECT_RECEIVE:
    if (finder->gives_all) vmo_ll_expose_content(&finder->graph, place, VMO_ESCAPE_INTEGER, finder->at);
    break;
  case VMO_EFFECT_FREE: /* by kind */
  case VMO_EFFECT_NUMBER:
  case VMO_EFFECT_READ:
  case VMO_EFFECT_WRITE:
  case VMO_EFFECT_CALLED: break;
  }
}

/* A place in an argument, at an offset that is not known. */
static void flow_within(vmo_ll_finder *finder, const vmo_ll_instruction *call, vmo_ll_place place) {
  uint32_t result = vmo_ll_result_of(finder, call);
  if (finder->wide[vmo_ll_value_index(finder, finder->function, result)]) vmo_ll_fold(&finder->graph, place, 1);
  vmo_ll_flow_result(finder, call, place);
}

static void read_result(vmo_ll_finder *finder, const vmo_ll_instruction *call, const vmo_libc_row *row,
                        bool through_pointer) {
  switch (row->result) {
  case 'n': vmo_ll_flow_result(finder, call, make_object(finder, through_pointer)); break;
  case 'u': /* the library's own; it may be a function of the program that the library was handed */
    if (vmo_ll_has_result(finder, call))
      vmo_ll_flow_result(finder, call,
                         vmo_libc_calls_back(row) ? vmo_ll_new_external(finder, VMO_ESCAPE_CALL)
                                                  : vmo_ll_new_place(&finder->graph));
    break;
  case '0': vmo_ll_flow_result(finder, call, vmo_ll_argument(finder, 0)); break;
  case '1': vmo_ll_flow_result(finder, call, vmo_ll_argument(finder, 1)); break;
  case 'a': flow_within(finder, call, vmo_ll_argument(finder, 0)); break;
  case 'b': flow_within(finder, call, vmo_ll_argument(finder, 1)); break;
  case 'p':
    for (uint32_t i = 0; i < finder->arguments.count; i++)
      if (vmo_libc_effect_of(row, i) == VMO_EFFECT_MOVE)
        flow_within(finder, call, vmo_ll_follow(&finder->graph, vmo_ll_argument(finder, i), POINTER_BYTES));
    break;
  default: break;
  }
}

void vmo_ll_read_row(vmo_ll_finder *finder, const vmo_ll_instruction *call, const vmo_libc_row *row,
                     bool through_pointer) {
  if (strcmp(row->name, "strtok") == 0) {
    read_tokens(finder, call);
    return;
  }
  uint32_t count = call->operand_count;
  if (strchr(row->arguments, '*') == NULL && strlen(row->arguments) < count)
    count = (uint32_t)strlen(row->arguments); /* by a pointer of another type: it does not look at the others */
  for (uint32_t i = 0; i < count; i++) read_argument(finder, call, row, i, through_pointer);
  if (vmo_ll_compares(row)) read_comparison(finder, call, row);
  read_result(finder, call, row, through_pointer);
  switch (row->kind) {
  case VMO_LIBC_FREE:
  case VMO_LIBC_DELETE: release(finder, VMO_LL_HAS_FREE, through_pointer); break;
  case VMO_LIBC_COPY: copy_memory(finder, call, 0, 1); break;
  case VMO_LIBC_MOVE_BACK: copy_memory(finder, call, 1, 0); break;
  case VMO_LIBC_REALLOC: /* the old object where it was, or one with its content */
    release(finder, VMO_LL_HAS_MOVE, through_pointer);
    vmo_ll_unify(&finder->graph, vmo_ll_argument(finder, 0), make_object(finder, through_pointer));
    break;
  default: break;
  }
}
