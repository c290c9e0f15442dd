/* arena.h: the arena from inside: what arena.c, its scopes and its checks share. */
#ifndef VMR_RUNTIME_ARENA_H
#define VMR_RUNTIME_ARENA_H

#include "runtime/context.h"
#include "vmemrt/arena.h"

typedef struct vmr_chunk {
  struct vmr_chunk *next;
  size_t bytes;  /* as obtained, this header included */
  bool is_pages; /* obtained as pages */
  bool is_given; /* the caller's buffer */
} vmr_chunk;

/* Stands right below a big object, at the object's address minus VMR_BLOCK_HEADER_BYTES. */
typedef struct vmr_block {
  struct vmr_block *next, *previous;
  char *base;       /* what the system gave; the header follows it, maybe after padding */
  size_t bytes;     /* as obtained from the system */
  size_t alignment; /* of the object */
  size_t serial;    /* of the newest scope when the object was made; it stays when the block is resized */
} vmr_block;

#define VMR_ROUND_UP(bytes) (((bytes) + VMR_ARENA_ALIGNMENT - 1) & ~(VMR_ARENA_ALIGNMENT - 1))
#define VMR_CHUNK_HEADER_BYTES VMR_ROUND_UP(sizeof(vmr_chunk))
#define VMR_BLOCK_HEADER_BYTES VMR_ROUND_UP(sizeof(vmr_block))

typedef struct vmr_release {
  struct vmr_release *previous;
  vmr_release_function function;
  void *user;
} vmr_release;

/* Stands right below each object of a guarded arena, in the order of allocation. */
typedef struct vmr_guarded {
  struct vmr_guarded *previous;
  size_t bytes;
  uintptr_t seal; /* of the other members and the address */
  unsigned char zone[16];
} vmr_guarded;

typedef struct vmr_arena_body {
  vmr_arena open;                /* what the header sees; first */
  char *top;                     /* end of the free bytes of the current chunk: texts and odd objects lie above */
  vmr_chunk *first, *current;    /* chunks after `current` are empty */
  size_t capacity;               /* bytes for objects in the current one */
  vmr_block *blocks;             /* newest first */
  vmr_release *releases;         /* newest first */
  vmr_guarded *guarded;          /* newest first */
  size_t taken;                  /* bytes of objects in the chunks before the current one */
  size_t in_blocks;              /* bytes of blocks, as obtained */
  size_t peak;                   /* of used bytes, at what forgot some */
  vmr_published_count forgotten; /* bytes of objects that resets and scopes forgot */
  size_t next_chunk_bytes;       /* the size of the next new chunk */
  size_t reserved;               /* bytes of chunks and blocks */
  size_t limit_bytes;            /* on `reserved` */
  size_t given;                  /* bytes of the caller's buffer that are a chunk */
  size_t serial, last_serial;    /* the number of the innermost open scope (0: none), and of the newest ever */
  size_t zone; /* bytes between objects that nobody may touch; not 0: every object goes the slow way */
  bool is_checked, is_guarded, is_fixed, is_in_buffer;
  vmr_status status; /* the first failure */
  vmr_handle handle;
} vmr_arena_body;

static inline vmr_arena_body *vmr_arena_body_of(const vmr_arena *arena) { return (vmr_arena_body *)(uintptr_t)arena; }

/* Bytes from `address` to the next multiple of `alignment`. */
static inline size_t vmr_padding(const char *address, size_t alignment) {
  return (size_t)(-(uintptr_t)address & (alignment - 1));
}

/* The books agree with the lists; what debug builds check. */
bool vmr_arena_books_are_valid(const vmr_arena_body *body);

/* Makes `chunk` (NULL: none) the current one; its cursor is to be set next. */
void vmr_arena_set_current(vmr_arena_body *body, vmr_chunk *chunk);

/* Makes the rest of the current chunk the free bytes: after any change of cursor or top by hand. */
void vmr_arena_set_cursor(vmr_arena_body *body, char *cursor, char *top);

/* Bytes of objects now. */
size_t vmr_arena_count_used(const vmr_arena_body *body);

/* Gives back the blocks of objects made since the scope of that number began (0: all). */
void vmr_arena_free_blocks(vmr_arena_body *body, size_t serial);

/* An object of a guarded arena: the pattern around it is written and the object chained. */
void *vmr_arena_alloc_guarded(vmr_arena_body *body, size_t bytes, size_t alignment);
/* The objects newer than `mark` are as they were left; a fault is reported. */
bool vmr_arena_check_guarded(const vmr_arena_body *body, const vmr_guarded *mark);

/* As vmr_arena_alloc_aligned, without guard and fault. */
void *vmr_arena_take(vmr_arena_body *body, size_t bytes, size_t alignment);

void *vmr_arena_fail(vmr_arena_body *body, vmr_status status);

/* The same for what the arena itself refuses: it is counted. */
void *vmr_arena_refuse(vmr_arena_body *body, vmr_status status, bool is_limit);

#ifndef VMR_FREESTANDING
/* Of a vmr_arena_pool, whose handle this is: its lock; gives back what its idle arenas hold, from any thread. */
VMR_IF_LINKED pthread_mutex_t *vmr_arena_pool_lock_of(vmr_handle *handle);
size_t vmr_arena_pool_trim(vmr_handle *handle);
#endif

#endif
