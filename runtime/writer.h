/* writer.h: text into a buffer of the caller's, as snprintf does it: what does not fit is only counted. Numbers are written
 * by hand, for printf's depend on the locale. */
#ifndef VMR_RUNTIME_WRITER_H
#define VMR_RUNTIME_WRITER_H

#include <stddef.h>
#include <stdint.h>

typedef struct vmr_writer {
  char *buffer;
  size_t capacity;
  size_t length; /* of the whole text */
} vmr_writer;

void vmr_write_bytes(vmr_writer *writer, const char *bytes, size_t length);
void vmr_write(vmr_writer *writer, const char *text);
void vmr_write_count(vmr_writer *writer, uint64_t number);

/* With six digits behind the point; not negative, below 2^43. */
void vmr_write_ratio(vmr_writer *writer, double number);

/* Ends the text with a NUL, the last byte that fits giving way if need be. Returns the length of the whole. */
size_t vmr_end_text(vmr_writer *writer);

#endif
