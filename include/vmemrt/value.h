/* value.h: what a variable of a language holds: 16 bytes, a kind and a payload.
 *
 *   integer, real, symbol, ...   [kind | 0 |          | payload, 8 bytes]
 *   string up to 14 bytes        [kind | length | the bytes             ]
 *   tuple of up to 3 small ints  [kind | count | | int32 | int32 | int32]
 *   anything larger              [kind | 255 |        | node            ]    in a store, counted
 *
 * Values are copied as structures are. One with a node holds a reference: vmr_value_retain makes another one, and
 * vmr_value_release gives one up. Where a function consumes a value it takes over the caller's reference, also when it
 * fails; where it borrows one, or says that it returns a borrowed one, the reference stays where it is. What a function
 * makes belongs to the caller; VMR_VALUE_NONE comes back when memory is out, and the store's status tells.
 *
 * Strings, tuples and expressions never change. Lists, objects and foreign objects may, are equal to themselves alone, and
 * may form cycles, which vmemrt/expression.h frees. A store belongs to one thread at a time. */
#ifndef VMEMRT_VALUE_H
#define VMEMRT_VALUE_H

#include <string.h>

#include "vmemrt/base.h"
#include "vmemrt/intern.h"
#include "vmemrt/view.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vmr_value_kind {
  VMR_VALUE_NONE,    /* no value; all bytes zero */
  VMR_VALUE_MISSING, /* the language's null */
  VMR_VALUE_BOOLEAN,
  VMR_VALUE_INTEGER,
  VMR_VALUE_REAL,
  VMR_VALUE_SYMBOL,    /* of the store's interner */
  VMR_VALUE_COLLECTED, /* an object of a collected heap: vmemrt/collect.h */
  VMR_VALUE_STRING,
  VMR_VALUE_TUPLE,      /* vmemrt/expression.h */
  VMR_VALUE_EXPRESSION, /* likewise */
  VMR_VALUE_LIST,
  VMR_VALUE_OBJECT,
  VMR_VALUE_FOREIGN
} vmr_value_kind;

/* Private, here for what is inline: the head of whatever a store holds. */
typedef struct vmr_node {
  uint32_t count; /* references; UINT32_MAX: it stays for good */
  uint32_t hash;
  uint8_t kind;      /* of vmr_value_kind; 0: it is dead */
  uint8_t flags;     /* not 0: giving up a reference takes the long way */
  uint8_t head_kind; /* of an expression */
  uint8_t spare;
  uint32_t length; /* bytes, arguments, items, entries */
} vmr_node;

typedef union vmr_payload {
  uint64_t bits;
  int64_t integer;
  double real;
  vmr_symbol symbol;
  vmr_node *node;
  void *pointer;
} vmr_payload;

#define VMR_VALUE_COUNTED 255u    /* in `form` */
#define VMR_VALUE_SMALL_STRING 14 /* bytes */
#define VMR_VALUE_SMALL_TUPLE 3

/* Read `kind`, and of the payload what the kind tells; the rest is private. */
typedef struct vmr_value {
  uint8_t kind; /* of vmr_value_kind */
  uint8_t form; /* length of what is in the value itself; VMR_VALUE_COUNTED: it has a node */
  char front[6];
  vmr_payload as;
} vmr_value;

typedef struct vmr_store vmr_store;

/* ---- values without nodes ---- */

static inline vmr_value vmr_value_of_bits(vmr_value_kind kind, uint64_t bits) {
  vmr_value value;
  memset(&value, 0, sizeof value);
  value.kind = (uint8_t)kind;
  value.as.bits = bits;
  return value;
}
static inline vmr_value vmr_value_none(void) { return vmr_value_of_bits(VMR_VALUE_NONE, 0); }
static inline vmr_value vmr_value_missing(void) { return vmr_value_of_bits(VMR_VALUE_MISSING, 0); }
static inline vmr_value vmr_value_boolean(bool truth) { return vmr_value_of_bits(VMR_VALUE_BOOLEAN, truth); }
static inline vmr_value vmr_value_integer(int64_t number) {
  return vmr_value_of_bits(VMR_VALUE_INTEGER, (uint64_t)number);
}
static inline vmr_value vmr_value_real(double number) {
  vmr_value value = vmr_value_of_bits(VMR_VALUE_REAL, 0);
  value.as.real = number;
  return value;
}
static inline vmr_value vmr_value_symbol(vmr_symbol symbol) {
  vmr_value value = vmr_value_of_bits(VMR_VALUE_SYMBOL, 0);
  value.as.symbol = symbol;
  return value;
}
static inline vmr_value vmr_value_collected(void *object) {
  vmr_value value = vmr_value_of_bits(VMR_VALUE_COLLECTED, 0);
  value.as.pointer = object;
  return value;
}

/* ---- references ---- */

VMR_API void vmr_value_release_slow(vmr_store *store, vmr_node *node);

/* Another reference to what `value` refers to; gives `value` back. */
static inline vmr_value vmr_value_retain(vmr_value value) {
  if (value.form == VMR_VALUE_COUNTED && value.as.node->count != UINT32_MAX) value.as.node->count++;
  return value;
}

/* Gives up a reference. With the last one the node dies, and what it alone referred to; nothing recurses. */
static inline void vmr_value_release(vmr_store *store, vmr_value value) {
  if (value.form != VMR_VALUE_COUNTED) return;
  if (VMR_LIKELY(value.as.node->count - 2u < UINT32_MAX - 2u && value.as.node->flags == 0)) {
    value.as.node->count--;
  } else {
    vmr_value_release_slow(store, value.as.node);
  }
}

/* ---- equality ---- */

VMR_API bool vmr_value_equals_slow(const vmr_node *first, const vmr_node *second);
VMR_API uint64_t vmr_value_mix(uint64_t first, uint64_t second);

/* Whether two values are the same: of one kind, and numbers by their bits (so that NaN is equal to itself and 0.0 is not
 * -0.0), strings by their bytes, tuples and expressions by all that is in them, the rest by identity. Constant time, but
 * for two strings of one length and hash. */
static inline bool vmr_value_equals(vmr_value first, vmr_value second) {
  if (memcmp(&first, &second, sizeof first) == 0) return true;
  if (first.kind != VMR_VALUE_STRING || second.kind != VMR_VALUE_STRING || first.form != VMR_VALUE_COUNTED ||
      second.form != VMR_VALUE_COUNTED)
    return false;
  return vmr_value_equals_slow(first.as.node, second.as.node);
}

/* The same for equal values. Constant time. */
static inline uint32_t vmr_value_hash(vmr_value value) {
  uint64_t words[2];
  if (value.form == VMR_VALUE_COUNTED) return value.as.node->hash;
  memcpy(words, &value, sizeof words);
  return (uint32_t)vmr_value_mix(words[0], words[1]);
}

/* ---- the store ---- */

/* `ctx` may be NULL. `symbols` is the interner of the language's names, which outlives the store; NULL: the store makes one
 * of its own. */
VMR_API vmr_status vmr_store_create(vmr_store **store, vmr_ctx *ctx, vmr_interner *symbols);

/* Frees the store with all its nodes; foreign objects are finalised. VMR_STILL_IN_USE when there were any: references were
 * not given up, or form cycles. NULL is accepted. */
VMR_API vmr_status vmr_store_destroy(vmr_store *store);

VMR_API vmr_interner *vmr_store_symbols(const vmr_store *store);

/* The first failure or misuse, or VMR_OK; and sets it to VMR_OK. */
VMR_API vmr_status vmr_store_status(const vmr_store *store);
VMR_API void vmr_store_clear_status(vmr_store *store);

typedef struct vmr_store_figures {
  uint64_t strings, expressions, lists, objects, foreign; /* living nodes; tuples are expressions */
  uint64_t shared;                                        /* expressions asked for that were there */
  uint64_t made;                                          /* nodes ever made */
  uint64_t freed;                                         /* of these */
  uint64_t cycles;                                        /* nodes that trial deletion freed */
  size_t used_bytes;                                      /* of living nodes */
  size_t reserved_bytes;
  uint64_t candidates; /* nodes that the next vmr_cycles_collect looks at */
} vmr_store_figures;

VMR_API vmr_store_figures vmr_store_read_figures(const vmr_store *store);

/* Gives back slabs without living nodes. Returns the bytes. Takes time proportional to the idle nodes. vmr_trim does so
 * too. */
VMR_API size_t vmr_store_trim(vmr_store *store);

/* Whether table, lists, counts and books agree. Takes time proportional to the store. */
VMR_API bool vmr_store_is_valid(const vmr_store *store);

/* ---- strings ---- */

/* A string of `text`, which is copied; less than 4 GiB. */
VMR_API vmr_value vmr_string_make(vmr_store *store, vmr_view text);

/* The bytes of a string, or of a symbol's text. Those of a short string are in `*value` itself. */
VMR_API vmr_view vmr_string_view(const vmr_store *store, const vmr_value *value);

/* The symbol of `text`; VMR_VALUE_NONE when memory is out. */
VMR_API vmr_value vmr_symbol_make(vmr_store *store, vmr_view text);

/* ---- lists ---- */

/* A new list of `count` items, which are consumed. */
VMR_API vmr_value vmr_list_make(vmr_store *store, const vmr_value *items, size_t count);

VMR_API size_t vmr_list_count(vmr_value list);

/* Borrowed; VMR_VALUE_NONE behind the end. */
VMR_API vmr_value vmr_list_get(vmr_value list, size_t index);

/* `item` is consumed. VMR_OUT_OF_RANGE behind the end. What was there is released. */
VMR_API vmr_status vmr_list_set(vmr_store *store, vmr_value list, size_t index, vmr_value item);
VMR_API vmr_status vmr_list_append(vmr_store *store, vmr_value list, vmr_value item);

/* Takes an item out; those behind it move up. */
VMR_API vmr_status vmr_list_remove(vmr_store *store, vmr_value list, size_t index);

/* ---- objects: values by symbol, in the order in which they were first set ---- */

VMR_API vmr_value vmr_object_make(vmr_store *store);
VMR_API size_t vmr_object_count(vmr_value object);

/* Borrowed; VMR_VALUE_NONE when there is none. */
VMR_API vmr_value vmr_object_get(vmr_value object, vmr_symbol name);

/* `value` is consumed. */
VMR_API vmr_status vmr_object_set(vmr_store *store, vmr_value object, vmr_symbol name, vmr_value value);

/* VMR_OUT_OF_RANGE when there is none. Takes time proportional to the object. */
VMR_API vmr_status vmr_object_remove(vmr_store *store, vmr_value object, vmr_symbol name);

/* The entry at `index`, and its name; borrowed. */
VMR_API vmr_value vmr_object_entry(vmr_value object, size_t index, vmr_symbol *name);

/* ---- foreign objects: what a language holds that somebody else made ---- */

/* Each may be NULL. None may release references of the store's but `finalise`. */
typedef struct vmr_foreign_type {
  const char *name;
  size_t (*memory_usage)(void *object);   /* bytes that it holds */
  size_t (*collect_unused)(void *object); /* gives back what it can do without; the bytes */
  size_t (*compress)(void *object);       /* takes less room from now on; the bytes */
  void (*finalise)(void *object);         /* the last reference is gone */
} vmr_foreign_type;

/* `type` outlives the store. When memory is out `object` stays the caller's. */
VMR_API vmr_value vmr_foreign_make(vmr_store *store, const vmr_foreign_type *type, void *object);

/* What was given to vmr_foreign_make; NULL when `value` is not of that type. */
VMR_API void *vmr_foreign_get(vmr_value value, const vmr_foreign_type *type);

/* Asks every foreign object of the store; the sum of the bytes. */
VMR_API size_t vmr_store_foreign_bytes(const vmr_store *store);
VMR_API size_t vmr_store_collect_unused(vmr_store *store);
VMR_API size_t vmr_store_compress(vmr_store *store);

#ifdef __cplusplus
}
#endif

#endif
