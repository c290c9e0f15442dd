/* site_profile_json.c: what each site did, as JSON, and its file.
 *
 *   {"schema": "vmemopt-profile-1", "hash": "0123456789abcdef", "clock": 4096, "lost": 0, "sites": [
 *    {"function": "build", "file": "tree.c", "line": 12, "column": 20, "ordinal": 0, "allocator": "malloc", "count": 127, ...},
 *
 * docs/profile.schema.json says what stands there. The text is written twice, first to nowhere, which tells its length. The file
 * appears under its name when it is whole. Devices, pipes and symbolic links are written to: they must not be replaced. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/os.h"
#include "runtime/site_profile.h"
#include "runtime/writer.h"

#define SHOWN_SIZES 4
#define LARGEST_NUMBER ((UINT64_C(1) << 53) - 1) /* that JSON readers keep */

/* ---- words ---- */

static void write_number(vmr_writer *writer, const char *name, uint64_t number) {
  vmr_write(writer, ", \"");
  vmr_write(writer, name);
  vmr_write(writer, "\": ");
  vmr_write_count(writer, number < LARGEST_NUMBER ? number : LARGEST_NUMBER);
}

/* Bytes that are no ASCII go as they are: names in a program are UTF-8. */
static void write_string(vmr_writer *writer, const char *text) {
  static const char digits[] = "0123456789abcdef";
  vmr_write(writer, "\"");
  for (; *text != '\0'; text++) {
    unsigned char byte = (unsigned char)*text;
    char escaped[6] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    if (byte == '"' || byte == '\\') vmr_write(writer, "\\");
    vmr_write_bytes(writer, byte < 32 ? escaped : text, byte < 32 ? sizeof escaped : 1);
  }
  vmr_write(writer, "\"");
}

static void write_text(vmr_writer *writer, const char *name, const char *text) {
  vmr_write(writer, "\"");
  vmr_write(writer, name);
  vmr_write(writer, "\": ");
  if (text != NULL) {
    write_string(writer, text);
  } else {
    vmr_write(writer, "null");
  }
}

static void write_bits(vmr_writer *writer, const char *name, uint64_t bits) {
  char digits[17] = "";
  for (int i = 15; i >= 0; i--, bits >>= 4) digits[i] = "0123456789abcdef"[bits & 15];
  write_text(writer, name, digits);
}

/* ---- a site ---- */

/* The most frequent first; of equals the smaller. */
static void write_sizes(vmr_writer *writer, const vmr_site_row *row) {
  uint64_t shown = 0;
  vmr_write(writer, ", \"sizes\": [");
  for (unsigned n = 0; n < SHOWN_SIZES; n++) {
    unsigned most = VMR_SIZE_CLASSES;
    for (unsigned c = 0; c < VMR_SIZE_CLASSES; c++)
      if (row->sizes[c] != 0 && (shown >> c & 1) == 0 && (most == VMR_SIZE_CLASSES || row->sizes[c] > row->sizes[most]))
        most = c;
    if (most == VMR_SIZE_CLASSES) break;
    shown |= UINT64_C(1) << most;
    if (n > 0) vmr_write(writer, ", ");
    vmr_write(writer, "{\"up_to\": ");
    vmr_write_count(writer, vmr_size_of_class(most));
    write_number(writer, "count", row->sizes[most]);
    vmr_write(writer, "}");
  }
  vmr_write(writer, "]");
}

static void write_neighbours(vmr_writer *writer, const char *name, const vmr_neighbour *neighbours) {
  const char *before = "";
  vmr_write(writer, ", \"");
  vmr_write(writer, name);
  vmr_write(writer, "\": [");
  for (unsigned n = 0; n < VMR_NEIGHBOURS; n++) {
    if (neighbours[n].count == 0) continue;
    vmr_write(writer, before);
    vmr_write(writer, "{\"site\": ");
    vmr_write_count(writer, neighbours[n].site);
    write_number(writer, "count", neighbours[n].count);
    vmr_write(writer, "}");
    before = ", ";
  }
  vmr_write(writer, "]");
}

static void write_figures(vmr_writer *writer, const vmr_site_row *row) {
  write_number(writer, "count", row->count);
  write_number(writer, "bytes", row->bytes);
  write_number(writer, "smallest", row->smallest);
  write_number(writer, "largest", row->largest);
  write_number(writer, "frees", row->frees);
  write_number(writer, "moves", row->moves);
  write_number(writer, "peak_objects", row->peak_objects);
  write_number(writer, "peak_bytes", row->peak_bytes);
  write_number(writer, "left_objects", row->objects);
  write_number(writer, "left_bytes", row->live_bytes);
  write_number(writer, "mean_life", row->frees != 0 ? row->life_sum / row->frees : 0);
  write_number(writer, "longest_life", row->life_most);
  if (row->has_scope) write_number(writer, "scope_bytes", row->scope_most);
  vmr_write(writer, ", ");
  write_bits(writer, "alive", row->alive);
  write_sizes(writer, row);
  write_neighbours(writer, "followed_by", row->followed);
  write_neighbours(writer, "freed_before", row->outlasted);
}

static void write_site(vmr_writer *writer, const vmr_profiled_site *site, const vmr_site_row *row) {
  vmr_write(writer, "  {");
  write_text(writer, "function", site->function);
  vmr_write(writer, ", ");
  write_text(writer, "file", site->file);
  write_number(writer, "line", site->line);
  write_number(writer, "column", site->column);
  write_number(writer, "ordinal", site->ordinal);
  vmr_write(writer, ", ");
  write_text(writer, "allocator", site->allocator);
  vmr_write(writer, site->is_noted != 0 ? ", \"noted\": true" : ", \"noted\": false");
  write_figures(writer, row);
  vmr_write(writer, "}");
}

/* ---- all of it ---- */

static size_t write_books(const vmr_site_books *books, char *buffer, size_t capacity) {
  vmr_writer writer = {buffer, capacity, 0};
  vmr_write(&writer, "{\"schema\": \"vmemopt-profile-1\", ");
  write_bits(&writer, "hash", books->program != NULL ? books->program->hash : 0);
  write_number(&writer, "clock", books->clock);
  write_number(&writer, "lost", books->lost);
  vmr_write(&writer, ", \"sites\": [");
  for (uint64_t s = 0; books->program != NULL && s < books->program->site_count; s++) {
    vmr_write(&writer, s == 0 ? "\n" : ",\n");
    write_site(&writer, &books->program->sites[s], &books->rows[s]);
  }
  vmr_write(&writer, "\n]}\n");
  return vmr_end_text(&writer);
}

size_t vmr_site_profile_json(char *buffer, size_t capacity) {
  pthread_mutex_lock(&vmr_the_site_books.lock);
  size_t length = write_books(&vmr_the_site_books, buffer, capacity);
  pthread_mutex_unlock(&vmr_the_site_books.lock);
  return length;
}

/* ---- the file ---- */

static bool write_all(int file, const char *text, size_t length) {
  while (length != 0) {
    ssize_t written = write(file, text, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text += written;
    length -= (size_t)written;
  }
  return true;
}

/* Whether that name stands for something else than a file, which renaming would take away. */
static bool is_kept(const char *name) {
  struct stat information;
  return lstat(name, &information) == 0 && !S_ISREG(information.st_mode);
}

static bool write_to(const char *name, const char *text, size_t length) {
  int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return false;
  bool is_written = write_all(file, text, length);
  return close(file) == 0 && is_written;
}

static bool replace(const char *name, const char *other, const char *text, size_t length) {
  if (write_to(other, text, length) && rename(other, name) == 0) return true;
  int error = errno;
  unlink(other);
  errno = error;
  return false;
}

static bool write_file(const vmr_site_books *books) {
  size_t length = write_books(books, NULL, 0), room = strlen(books->file) + 16;
  char *text = vmr_os_alloc(length + 1), *other = vmr_os_alloc(room);
  bool is_written = text != NULL && other != NULL;
  if (is_written) {
    (void)write_books(books, text, length + 1);
    snprintf(other, room, "%s.%d", books->file, books->process);
    is_written = is_kept(books->file) ? write_to(books->file, text, length) : replace(books->file, other, text, length);
  }
  vmr_os_free(text);
  vmr_os_free(other);
  return is_written;
}

bool vmr_site_profile_write(void) {
  bool is_written = false;
  pthread_mutex_lock(&vmr_the_site_books.lock);
  if (vmr_the_site_books.program != NULL) {
    is_written = write_file(&vmr_the_site_books);
  } else {
    errno = EINVAL;
  }
  pthread_mutex_unlock(&vmr_the_site_books.lock);
  return is_written;
}
