/* interner_texts.c: where an interner keeps its texts, and their hash.
 *
 * A text is a record in a chunk: its symbol, its length in one byte (255: in the four that follow), the bytes, a NUL. A
 * place is 32 bits: the upper ones number a window of 64 KiB, the lower ones count pairs of bytes in it. Chunks are
 * smaller than their window at first; a long text has a chunk of its own that takes several. So a record costs 6 bytes
 * besides its text, and its place 4 more.
 */
#include <string.h>

#include "runtime/interner.h"

#define WINDOW_BYTES ((size_t)64 << 10)
#define MOST_WINDOWS ((size_t)1 << 16) /* of 2^15 places each */
#define OWN_CHUNK_BYTES ((size_t)8 << 10)
#define FIRST_CAPACITY ((size_t)8)

/* ---- lists that grow ---- */

static bool reserve_windows(vmr_interner *interner, size_t windows) {
  vmr_chunk_list *old = atomic_load_explicit(&interner->chunks, memory_order_relaxed);
  size_t capacity = old != NULL ? old->capacity : 0, needed = interner->chunk_count + windows;
  if (needed > MOST_WINDOWS) return vmr_interner_refuse(interner, VMR_OUT_OF_MEMORY, false), false;
  if (needed <= capacity) return true;
  capacity = capacity != 0 ? capacity * 2 : FIRST_CAPACITY;
  if (capacity < needed) capacity = needed;
  size_t bytes = sizeof(vmr_chunk_list) + capacity * sizeof(vmr_text_chunk);
  vmr_chunk_list *list = vmr_interner_obtain(interner, bytes);
  if (list == NULL) return false;
  *list = (vmr_chunk_list){.head = {.bytes = bytes}, .capacity = capacity};
  if (old != NULL) memcpy(list->chunks, old->chunks, interner->chunk_count * sizeof(vmr_text_chunk));
  atomic_store_explicit(&interner->chunks, list, memory_order_release);
  vmr_interner_retire(interner, old != NULL ? &old->head : NULL);
  return true;
}

static bool reserve_segment(vmr_interner *interner, size_t number) {
  vmr_segment_list *old = atomic_load_explicit(&interner->places, memory_order_relaxed), *list = old;
  size_t capacity = old != NULL ? old->capacity : 0;
  if (number >= capacity) {
    capacity = capacity != 0 ? capacity * 2 : FIRST_CAPACITY;
    size_t bytes = sizeof(vmr_segment_list) + capacity * sizeof(uint32_t *);
    list = vmr_interner_obtain(interner, bytes);
    if (list == NULL) return false;
    memset(list, 0, bytes);
    list->head.bytes = bytes;
    list->capacity = capacity;
    if (old != NULL) memcpy(list->segments, old->segments, old->capacity * sizeof(uint32_t *));
    atomic_store_explicit(&interner->places, list, memory_order_release);
    vmr_interner_retire(interner, old != NULL ? &old->head : NULL);
  }
  if (list->segments[number] == NULL)
    list->segments[number] = vmr_interner_obtain(interner, VMR_SEGMENT_PLACES * sizeof(uint32_t));
  return list->segments[number] != NULL;
}

/* ---- chunks ---- */

/* A new chunk behind the others; its first byte is that of window `*number`. */
static char *add_chunk(vmr_interner *interner, size_t bytes, size_t *number) {
  size_t windows = (bytes - 1) / WINDOW_BYTES + 1;
  if (!reserve_windows(interner, windows)) return NULL;
  char *base = vmr_interner_obtain(interner, bytes);
  if (base == NULL) return NULL;
  vmr_chunk_list *list = atomic_load_explicit(&interner->chunks, memory_order_relaxed);
  *number = interner->chunk_count;
  list->chunks[*number] = (vmr_text_chunk){base, bytes};
  for (size_t i = 1; i < windows; i++) list->chunks[*number + i] = (vmr_text_chunk){base + i * WINDOW_BYTES, 0};
  interner->chunk_count += windows;
  return base;
}

static bool start_chunk(vmr_interner *interner, size_t least) {
  size_t bytes = interner->next_chunk_bytes;
  size_t allowance = interner->most_bytes > interner->reserved ? interner->most_bytes - interner->reserved : 0;
  if (bytes > allowance) bytes = allowance; /* near the limit, a smaller one will do */
  if (bytes < least) bytes = least;
  if (add_chunk(interner, bytes, &interner->current) == NULL) return false;
  interner->cursor = 0;
  interner->end = bytes;
  if (interner->next_chunk_bytes < WINDOW_BYTES) interner->next_chunk_bytes *= 2;
  return true;
}

/* Room for a record; its place. */
static char *place_record(vmr_interner *interner, size_t bytes, uint32_t *place) {
  size_t number = 0;
  if (bytes > OWN_CHUNK_BYTES) {
    char *record = add_chunk(interner, bytes, &number);
    *place = (uint32_t)number << 15;
    return record;
  }
  if (bytes > interner->end - interner->cursor && !start_chunk(interner, bytes)) return NULL;
  *place = (uint32_t)(interner->current << 15 | interner->cursor / 2);
  interner->cursor += bytes;
  return (char *)(uintptr_t)vmr_interner_record(interner, *place);
}

bool vmr_interner_store(vmr_interner *interner, const char *text, size_t length, uint32_t *place) {
  vmr_symbol symbol = atomic_load_explicit(&interner->count, memory_order_relaxed) + 1;
  uint32_t index = symbol - 1 - interner->word_count, long_length = (uint32_t)length;
  bool is_long = length >= VMR_LONG_LENGTH;
  size_t bytes = (VMR_SYMBOL_BYTES + (is_long ? 5 : 1) + length + 1 + 1) & ~(size_t)1;
  if (!reserve_segment(interner, index / VMR_SEGMENT_PLACES)) return false;
  char *record = place_record(interner, bytes, place);
  if (record == NULL) return false;
  memcpy(record, &symbol, VMR_SYMBOL_BYTES);
  record += VMR_SYMBOL_BYTES;
  *record++ = (char)(unsigned char)(is_long ? VMR_LONG_LENGTH : length);
  if (is_long) {
    memcpy(record, &long_length, sizeof long_length);
    record += sizeof long_length;
  }
  if (length != 0) memcpy(record, text, length);
  record[length] = '\0';
  VMR_PUBLISH(interner->stored_bytes, interner->stored_bytes + length);
  vmr_segment_list *list = atomic_load_explicit(&interner->places, memory_order_relaxed);
  list->segments[index / VMR_SEGMENT_PLACES][index % VMR_SEGMENT_PLACES] = *place;
  return true;
}

/* ---- reading ---- */

uint32_t vmr_interner_place(const vmr_interner *interner, vmr_symbol symbol) {
  uint32_t index = symbol - 1;
  if (index < interner->word_count) return VMR_PRELOADED | index;
  index -= interner->word_count;
  const vmr_segment_list *list = atomic_load_explicit(&interner->places, memory_order_acquire);
  return list->segments[index / VMR_SEGMENT_PLACES][index % VMR_SEGMENT_PLACES];
}

vmr_view vmr_interner_read(const vmr_interner *interner, uint32_t place, vmr_symbol *symbol) {
  if ((place & VMR_PRELOADED) != 0) {
    *symbol = (place & ~VMR_PRELOADED) + 1;
    return interner->words[place & ~VMR_PRELOADED];
  }
  const char *record = vmr_interner_record(interner, place);
  memcpy(symbol, record, VMR_SYMBOL_BYTES);
  uint32_t length = (unsigned char)record[VMR_SYMBOL_BYTES];
  record += VMR_SYMBOL_BYTES + 1;
  if (length == VMR_LONG_LENGTH) {
    memcpy(&length, record, sizeof length);
    record += sizeof length;
  }
  return (vmr_view){record, length};
}

void vmr_interner_free_texts(vmr_interner *interner) {
  vmr_chunk_list *chunks = atomic_load_explicit(&interner->chunks, memory_order_relaxed);
  vmr_segment_list *places = atomic_load_explicit(&interner->places, memory_order_relaxed);
  for (size_t i = 0; i < interner->chunk_count; i++) {
    if (chunks->chunks[i].bytes != 0) vmr_interner_release(interner, chunks->chunks[i].base, chunks->chunks[i].bytes);
  }
  for (size_t i = 0; places != NULL && i < places->capacity; i++)
    vmr_interner_release(interner, places->segments[i], VMR_SEGMENT_PLACES * sizeof(uint32_t));
  if (chunks != NULL) vmr_interner_release(interner, chunks, chunks->head.bytes);
  if (places != NULL) vmr_interner_release(interner, places, places->head.bytes);
}
