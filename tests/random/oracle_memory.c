/* oracle_memory.c: bytes, and of each the one instance byte that it holds; blame; random numbers.
 *
 * A block is an arena, an array of the caller, a constant. Every function here goes byte by byte. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/random/oracle_internal.h"

const char *vmo_fault_name(vmo_fault fault) {
  static const char *const names[VMO_FAULT_COUNT] = {"none",  "memory", "input",   "pipeline", "structure",
                                                     "place", "lost",   "overlap", "contract", "load"};
  return names[fault];
}

bool vmo_blame(vmo_verdict *verdict, vmo_fault fault, const char *format, ...) {
  va_list arguments;
  if (verdict->fault != VMO_FAULT_NONE) return false;
  verdict->fault = fault;
  va_start(arguments, format);
  vsnprintf(verdict->text, sizeof verdict->text, format, arguments);
  va_end(arguments);
  return false;
}

uint64_t vmo_next_random(uint64_t *state) {
  uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
  mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
  return mixed ^ mixed >> 31;
}

uint32_t vmo_add_block(vmo_memory *memory, int64_t bytes, bool read_only, const char *name) {
  vmo_memory_block block = {.count = bytes, .read_only = read_only};
  snprintf(block.name, sizeof block.name, "%s", name);
  block.bytes = vmr_arena_alloc_array(memory->arena, (size_t)bytes + 1, sizeof *block.bytes);
  if (block.bytes == NULL || !vmo_vec_push(memory->arena, &memory->blocks, block)) return VMO_NONE;
  return memory->blocks.count - 1;
}

vmo_content vmo_make_instance(vmo_memory *memory) { return (vmo_content)++memory->instances << 32; }

bool vmo_places_meet(const vmo_place *left, const vmo_place *right) {
  return vmo_is_real(left) && vmo_is_real(right) && left->block == right->block &&
         left->at < right->at + right->bytes && right->at < left->at + left->bytes;
}

void vmo_fill_place(vmo_memory *memory, const vmo_place *place, vmo_content content) {
  if (!vmo_is_real(place)) return;
  vmo_content *bytes = memory->blocks.data[place->block].bytes + place->at;
  for (int64_t i = 0; i < place->bytes; i++) bytes[i] = content + (vmo_content)i;
}

int64_t vmo_find_wrong_byte(const vmo_memory *memory, const vmo_place *place, vmo_content content) {
  if (!vmo_is_real(place)) return -1;
  const vmo_content *bytes = memory->blocks.data[place->block].bytes + place->at;
  for (int64_t i = 0; i < place->bytes; i++)
    if (bytes[i] != content + (vmo_content)i) return i;
  return -1;
}
