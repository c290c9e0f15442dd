/* site_profile.c: counts what each allocation site of a program does.
 *
 *   rows     one for each site: objects, bytes, sizes, lifetimes, who comes next
 *   table    living objects by address, open addressing: site, bytes and birth; doubled when three quarters are taken
 *   epochs   the clock is divided into at most 64, whose length doubles as it goes on; a row has a bit for each in
 *            which objects of it lived, so that two rows tell how long both were alive at a time
 *
 * An event takes a lock and expected constant time, and allocates nothing but for the table's growth; the begin of an epoch, of
 * which there are a few hundred, takes time proportional to the sites. */
#define _GNU_SOURCE
#include "runtime/site_profile.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/os.h"

#define FIRST_SLOTS ((size_t)1024) /* a power of two */
#define FIRST_EPOCH_BYTES 4096

typedef struct living {
  uintptr_t object; /* 0: free */
  size_t bytes;
  uint64_t birth;
  uint32_t site;
} living;

vmr_site_books vmr_the_site_books = {.lock = PTHREAD_MUTEX_INITIALIZER};

static living *slots;
static size_t slot_count, filled;
static __attribute__((tls_model("initial-exec"))) _Thread_local uint32_t last_made = VMR_NO_SITE,
                                                                         last_freed = VMR_NO_SITE;

/* ---- living objects ---- */

static size_t slot_of(uintptr_t object) {
  return (size_t)((uint64_t)(object >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (slot_count - 1);
}

static living *find(uintptr_t object) {
  if (slot_count == 0) return NULL;
  size_t at = slot_of(object);
  while (slots[at].object != 0 && slots[at].object != object) at = (at + 1) & (slot_count - 1);
  return slots[at].object != 0 ? &slots[at] : NULL;
}

static void put(const living *entered) {
  size_t at = slot_of(entered->object);
  while (slots[at].object != 0) at = (at + 1) & (slot_count - 1);
  slots[at] = *entered;
  filled++;
}

/* What stands behind a slot that becomes free moves up where it may. */
static void strike(living *struck) {
  size_t free_at = (size_t)(struck - slots);
  for (size_t at = free_at;;) {
    at = (at + 1) & (slot_count - 1);
    if (slots[at].object == 0) break;
    size_t home = slot_of(slots[at].object);
    if (((at - home) & (slot_count - 1)) < ((at - free_at) & (slot_count - 1))) continue;
    slots[free_at] = slots[at];
    free_at = at;
  }
  slots[free_at].object = 0;
  filled--;
}

static bool make_room(void) {
  if ((filled + 1) * 4 <= slot_count * 3) return true;
  size_t old_count = slot_count, count = old_count != 0 ? old_count * 2 : FIRST_SLOTS;
  int error = errno;
  living *old = slots, *fresh = count <= SIZE_MAX / sizeof *fresh ? vmr_os_alloc_zeroed(count * sizeof *fresh) : NULL;
  errno = error;
  if (fresh == NULL) return filled + 1 < slot_count; /* chains get longer; one slot stays free */
  slots = fresh;
  slot_count = count;
  filled = 0;
  for (size_t i = 0; i < old_count; i++)
    if (old[i].object != 0) put(&old[i]);
  vmr_os_free(old);
  return true;
}

static void enter(const living *entered) {
  if (make_room()) {
    put(entered);
  } else {
    vmr_the_site_books.lost++;
  }
}

/* ---- the clock ---- */

static uint64_t halve_bits(uint64_t bits) {
  uint64_t halved = 0;
  for (unsigned i = 0; i < VMR_EPOCHS / 2; i++) halved |= (uint64_t)((bits >> (2 * i) & 3) != 0) << i;
  return halved;
}

static void begin_epoch(vmr_site_books *books) {
  uint64_t sites = books->program->site_count;
  while (books->clock / books->epoch_bytes >= VMR_EPOCHS) {
    for (uint64_t s = 0; s < sites; s++) books->rows[s].alive = halve_bits(books->rows[s].alive);
    books->epoch_bytes *= 2;
    books->epoch /= 2;
  }
  uint32_t now = (uint32_t)(books->clock / books->epoch_bytes);
  for (uint64_t s = 0; s < sites; s++)
    for (uint32_t e = books->epoch + 1; e <= now && books->rows[s].objects != 0; e++)
      books->rows[s].alive |= UINT64_C(1) << e;
  books->epoch = now;
}

static void advance(vmr_site_books *books, size_t bytes) {
  uint64_t clock = books->clock + bytes;
  if (clock > INT64_MAX) return; /* allocated by no machine */
  books->clock = clock;
  if (clock / books->epoch_bytes != books->epoch) begin_epoch(books);
}

/* ---- rows ---- */

/* Two classes for each power of two: 8, 16, 24, 32, 48, 64, 96, 128, ... */
uint64_t vmr_size_of_class(unsigned class) {
  if (class < 2) return (uint64_t)8 << class;
  uint64_t power = (uint64_t)16 << (class - 2) / 2;
  return class % 2 == 0 ? power + power / 2 : power * 2;
}

static unsigned class_of(uint64_t bytes) {
  unsigned class = 0;
  while (class < VMR_SIZE_CLASSES - 1 && bytes > vmr_size_of_class(class)) class ++;
  return class;
}

/* The least frequent gives way, and its count is taken over: no other can have come more often. */
static void count_neighbour(vmr_neighbour *neighbours, uint32_t site) {
  vmr_neighbour *least = neighbours;
  for (vmr_neighbour *each = neighbours; each < neighbours + VMR_NEIGHBOURS; each++) {
    if (each->count != 0 && each->site == site) {
      each->count++;
      return;
    }
    if (each->count < least->count) least = each;
  }
  least->site = site;
  least->count++;
}

static void grow_row(vmr_site_row *row, size_t bytes) {
  row->live_bytes += bytes;
  row->bytes += bytes;
  if (row->live_bytes > row->peak_bytes) row->peak_bytes = row->live_bytes;
}

static void count_object(vmr_site_books *books, uint32_t site, size_t bytes) {
  vmr_site_row *row = &books->rows[site];
  if (row->count++ == 0) row->smallest = bytes;
  if (bytes < row->smallest) row->smallest = bytes;
  if (bytes > row->largest) row->largest = bytes;
  if (++row->objects > row->peak_objects) row->peak_objects = row->objects;
  grow_row(row, bytes);
  row->scope_bytes += (bytes + 15) & ~(uint64_t)15;
  if (row->scope_bytes > row->scope_most) row->scope_most = row->scope_bytes;
  row->sizes[class_of(bytes)]++;
  advance(books, bytes);
  row->alive |= UINT64_C(1) << books->epoch;
  if (last_made < books->program->site_count) count_neighbour(books->rows[last_made].followed, site);
  last_made = site;
}

static void count_death(vmr_site_books *books, const living *dead) {
  vmr_site_row *row = &books->rows[dead->site];
  uint64_t life = books->clock - dead->birth;
  row->frees++;
  row->objects--;
  row->live_bytes -= dead->bytes;
  row->life_sum += life;
  if (life > row->life_most) row->life_most = life;
  if (last_freed < books->program->site_count) count_neighbour(books->rows[last_freed].outlasted, dead->site);
  last_freed = dead->site;
}

/* ---- events ---- */

/* The number of a site of the program that is profiled. */
static uint32_t number_of(const vmr_site_books *books, const vmr_profiled_site *site) {
  if (books->program == NULL || site == NULL) return VMR_NO_SITE;
  uintptr_t offset = (uintptr_t)site - (uintptr_t)books->program->sites;
  uint64_t number = offset / sizeof *site;
  return number < books->program->site_count ? (uint32_t)number : VMR_NO_SITE;
}

static vmr_site_books *enter_books(void) {
  pthread_mutex_lock(&vmr_the_site_books.lock);
  return &vmr_the_site_books;
}

static void leave_books(vmr_site_books *books) { pthread_mutex_unlock(&books->lock); }

static void forget(vmr_site_books *books, const void *object) {
  living *found = find((uintptr_t)object);
  if (found == NULL) return;
  count_death(books, found);
  strike(found);
}

void vmr_site_profile_note(const vmr_profiled_site *site, void *object, size_t bytes) {
  if (object == NULL) return;
  if (bytes == SIZE_MAX) bytes = malloc_usable_size(object);
  vmr_site_books *books = enter_books();
  uint32_t number = number_of(books, site);
  if (books->program != NULL) forget(books, object); /* it died where nobody told */
  if (number != VMR_NO_SITE) {
    count_object(books, number, bytes);
    enter(&(living){(uintptr_t)object, bytes, books->clock, number});
  }
  leave_books(books);
}

/* Before the first call nothing counts: what is made outside is no call's. */
void vmr_site_profile_scope(const vmr_profiled_site *site) {
  vmr_site_books *books = enter_books();
  uint32_t number = number_of(books, site);
  if (number != VMR_NO_SITE) {
    vmr_site_row *row = &books->rows[number];
    if (!row->has_scope) row->scope_most = 0;
    row->has_scope = true;
    row->scope_bytes = 0;
  }
  leave_books(books);
}

void vmr_site_profile_forget(const void *object) {
  if (object == NULL) return;
  vmr_site_books *books = enter_books();
  forget(books, object);
  leave_books(books);
}

/* An object has moved, or has stayed with another size. */
static void resize(vmr_site_books *books, living *moved, void *object, size_t bytes) {
  vmr_site_row *row = &books->rows[moved->site];
  row->moves++;
  if (bytes > moved->bytes) {
    grow_row(row, bytes - moved->bytes);
    advance(books, bytes - moved->bytes);
  } else {
    row->live_bytes -= moved->bytes - bytes;
  }
  if (bytes > row->largest) row->largest = bytes;
  moved->bytes = bytes;
  moved->object = (uintptr_t)object;
  forget(books, object); /* what stood there died where nobody told */
  enter(moved);
}

/* It is nobody's while it may move, for another thread may get its place before realloc returns. */
void *vmr_site_profile_realloc(const vmr_profiled_site *site, void *object, size_t bytes) {
  if (object == NULL) {
    void *made = realloc(NULL, bytes);
    vmr_site_profile_note(site, made, bytes);
    return made;
  }
  vmr_site_books *books = enter_books();
  living *found = find((uintptr_t)object), taken = found != NULL ? *found : (living){0};
  if (found != NULL) strike(found);
  leave_books(books);
  void *result = realloc(object, bytes);
  if (found == NULL) return result;
  enter_books();
  if (result != NULL) {
    resize(books, &taken, result, bytes);
  } else if (bytes != 0) {
    enter(&taken); /* it stays as it was */
  } else {
    count_death(books, &taken);
  }
  leave_books(books);
  return result;
}

void vmr_site_profile_free(void *object) {
  vmr_site_profile_forget(object);
  free(object);
}

void *vmr_site_profile_move(void *object, size_t bytes) { return vmr_site_profile_realloc(NULL, object, bytes); }

/* ---- the beginning ---- */

static void lock_books(void) { pthread_mutex_lock(&vmr_the_site_books.lock); }
static void unlock_books(void) { pthread_mutex_unlock(&vmr_the_site_books.lock); }

static void write_at_end(void) {
  if (getpid() == vmr_the_site_books.process) (void)vmr_site_profile_write();
}

/* The name from the root on, for the program may go to another folder. NULL: memory is out. */
static char *whole_name(const char *file) {
  char *folder = file[0] != '/' ? getcwd(NULL, 0) : NULL;
  size_t first = folder != NULL ? strlen(folder) + 1 : 0, length = strlen(file);
  char *name = vmr_os_alloc(first + length + 1);
  if (name != NULL && first != 0) {
    memcpy(name, folder, first - 1);
    name[first - 1] = '/';
  }
  if (name != NULL) memcpy(name + first, file, length + 1);
  free(folder);
  return name;
}

static vmr_status begin(vmr_site_books *books, const vmr_profiled_program *program) {
  if (books->program != NULL) return VMR_STILL_IN_USE;
  if (program->site_count >= VMR_NO_SITE) return VMR_SIZE_OVERFLOW;
  const char *told = secure_getenv("VMEMOPT_PROFILE_FILE");
  books->rows = vmr_os_alloc_zeroed((size_t)(program->site_count + 1) * sizeof *books->rows);
  books->file = whole_name(told != NULL && *told != '\0' ? told : program->file);
  if (books->rows == NULL || books->file == NULL) {
    vmr_os_free(books->rows);
    vmr_os_free(books->file);
    return VMR_OUT_OF_MEMORY;
  }
  books->epoch_bytes = FIRST_EPOCH_BYTES;
  books->process = (int)getpid();
  books->program = program;
  return VMR_OK;
}

vmr_status vmr_site_profile_begin(const vmr_profiled_program *program) {
  if (program == NULL || program->file == NULL || (program->sites == NULL && program->site_count != 0))
    return VMR_INVALID_ARGUMENT;
  vmr_site_books *books = enter_books();
  vmr_status status = begin(books, program);
  leave_books(books);
  if (status != VMR_OK) return status;
  (void)pthread_atfork(lock_books, unlock_books, unlock_books);
  return atexit(write_at_end) == 0 ? VMR_OK : VMR_OUT_OF_MEMORY;
}
