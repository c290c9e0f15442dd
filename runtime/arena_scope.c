/* arena_scope.c: how objects of an arena end: scopes, release callbacks, reset; and whether its books are right.
 *
 * A scope is a note of where the arena stood. Ending it goes back there: the cursor, the list of big objects and that
 * of the callbacks are cut, in time proportional to what is cut off in whole chunks and blocks. Scopes are numbered,
 * so that one that was ended already, or is not the innermost, is recognised. */
#include <string.h>

#include "runtime/arena.h"
#include "runtime/os.h"

vmr_status vmr_arena_on_release(vmr_arena *arena, vmr_release_function function, void *user) {
  if (arena == NULL || function == NULL) return VMR_INVALID_ARGUMENT;
  vmr_arena_body *body = vmr_arena_body_of(arena);
  vmr_release *release = vmr_arena_alloc(arena, sizeof *release);
  if (release == NULL) return VMR_OUT_OF_MEMORY;
  *release = (vmr_release){.previous = body->releases, .function = function, .user = user};
  body->releases = release;
  return VMR_OK;
}

/* The objects newer than the mark are still there while the callbacks run, which may even allocate. */
static void run_releases(vmr_arena_body *body, const vmr_release *mark) {
  while (body->releases != NULL && body->releases != mark) {
    vmr_release release = *body->releases;
    body->releases = release.previous;
    release.function(release.user);
  }
}

static void poison_after(vmr_chunk *chunk) {
  for (; chunk != NULL; chunk = chunk->next) {
    vmr_os_poison((char *)chunk + VMR_CHUNK_HEADER_BYTES, chunk->bytes - VMR_CHUNK_HEADER_BYTES);
  }
}

static void raise_peak(vmr_arena_body *body, size_t used) {
  if (used > body->peak) body->peak = used;
}

vmr_scope vmr_arena_begin(vmr_arena *arena) {
  if (arena == NULL) return (vmr_scope){.arena = NULL};
  vmr_arena_body *body = vmr_arena_body_of(arena);
  vmr_scope scope = {.arena = arena,
                     .chunk = body->current,
                     .release = body->releases,
                     .guarded = body->guarded,
                     .cursor = arena->cursor,
                     .top = body->top,
                     .taken = body->taken,
                     .outer = body->serial,
                     .serial = ++body->last_serial};
  body->serial = scope.serial;
  return scope;
}

/* Goes back to the chunk, the cursor and the top that were noted. */
static void go_back(vmr_arena_body *body, vmr_chunk *chunk, char *cursor, char *top, size_t taken) {
  if (body->zone != 0) {
    poison_after(chunk != NULL ? chunk->next : body->first);
    if (chunk != NULL) vmr_os_poison(cursor, (size_t)(top - cursor));
  }
  vmr_arena_set_current(body, chunk);
  VMR_PUBLISH(body->taken, taken);
  vmr_arena_set_cursor(body, cursor, top);
}

vmr_status vmr_arena_end(const vmr_scope *scope) {
  vmr_deferral deferral;
  if (scope == NULL || scope->arena == NULL) return VMR_INVALID_ARGUMENT;
  vmr_arena_body *body = vmr_arena_body_of(scope->arena);
  if (body->serial != scope->serial) {
    if (body->status == VMR_OK) body->status = VMR_WRONG_ORDER;
    vmr_ctx_report(body->handle.ctx, VMR_WRONG_ORDER, scope->arena, "a scope is ended that is not the innermost one");
    return VMR_WRONG_ORDER;
  }
  run_releases(body, scope->release);
  vmr_ctx_defer(&deferral, body->handle.ctx);
  bool is_valid = vmr_arena_check_guarded(body, scope->guarded);
  size_t used = vmr_arena_count_used(body);
  raise_peak(body, used);
  body->guarded = scope->guarded;
  vmr_arena_free_blocks(body, scope->serial);
  go_back(body, scope->chunk, scope->cursor, scope->top, scope->taken);
  VMR_PUBLISH(body->forgotten, body->forgotten + (used - vmr_arena_count_used(body)));
  body->serial = scope->outer;
  if (!is_valid) (void)vmr_arena_fail(body, VMR_CORRUPTED);
  (void)vmr_ctx_relieve(&deferral, false);
  return is_valid ? VMR_OK : VMR_CORRUPTED;
}

void vmr_arena_reset(vmr_arena *arena) {
  vmr_deferral deferral;
  if (arena == NULL) return;
  vmr_arena_body *body = vmr_arena_body_of(arena);
  run_releases(body, NULL);
  vmr_ctx_defer(&deferral, body->handle.ctx);
  bool is_valid = vmr_arena_check_guarded(body, NULL);
  size_t used = vmr_arena_count_used(body);
  raise_peak(body, used);
  VMR_PUBLISH(body->forgotten, body->forgotten + used);
  body->guarded = NULL;
  body->serial = 0;
  body->status = is_valid ? VMR_OK : VMR_CORRUPTED;
  if (body->blocks != NULL) vmr_arena_free_blocks(body, 0);
  vmr_chunk *first = body->first;
  if (first != NULL) {
    char *begin = (char *)first + VMR_CHUNK_HEADER_BYTES;
    go_back(body, first, begin, (char *)first + first->bytes, 0);
  }
  (void)vmr_ctx_relieve(&deferral, false);
}

size_t vmr_arena_peak_bytes(const vmr_arena *arena) {
  if (arena == NULL) return 0;
  const vmr_arena_body *body = vmr_arena_body_of(arena);
  size_t used = vmr_arena_count_used(body);
  return used > body->peak ? used : body->peak;
}

bool vmr_arena_books_are_valid(const vmr_arena_body *body) {
  size_t reserved = 0, in_blocks = 0;
  for (const vmr_chunk *each = body->first; each != NULL; each = each->next)
    reserved += each->is_given ? 0 : each->bytes;
  for (const vmr_block *each = body->blocks; each != NULL; each = each->next) {
    if (each->next != NULL && each->next->previous != each) return false;
    in_blocks += each->bytes;
  }
  if (reserved + in_blocks != body->reserved || in_blocks != body->in_blocks) return false;
  const vmr_chunk *current = body->current;
  const char *cursor = body->open.cursor, *limit = body->open.limit;
  if (current == NULL) return cursor == NULL && limit == NULL && body->top == NULL;
  const char *begin = (const char *)current + VMR_CHUNK_HEADER_BYTES, *end = (const char *)current + current->bytes;
  return begin <= cursor && cursor <= limit && limit <= body->top && body->top <= end &&
         (uintptr_t)cursor % VMR_ARENA_ALIGNMENT == 0;
}

bool vmr_arena_is_valid(const vmr_arena *arena) {
  vmr_deferral deferral;
  if (arena == NULL) return true;
  const vmr_arena_body *body = vmr_arena_body_of(arena);
  if (!vmr_arena_books_are_valid(body)) {
    vmr_ctx_report(body->handle.ctx, VMR_CORRUPTED, arena, "the books of an arena do not agree with its chunks");
    return false;
  }
  vmr_ctx_defer(&deferral, body->handle.ctx);
  bool is_valid = vmr_arena_check_guarded(body, NULL);
  (void)vmr_ctx_relieve(&deferral, false);
  return is_valid;
}
