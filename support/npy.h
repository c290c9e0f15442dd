/* npy.h: NumPy's .npy format: the head of an array file, in and out.
 *
 *   bytes  0        6      8               10 (12 from version 2 on)
 *          \x93NUMPY major minor  length   {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }   \n  data
 *
 * The head is a Python dictionary as text, padded with blanks to a multiple of 64 bytes; the elements follow without
 * gaps. Versions 1 to 3 are read, 1 is written (2 where it has no room). The format is that of NumPy's documentation
 * (numpy.lib.format). Bytes alone are looked at: which element type a description stands for is for the caller to say. */
#ifndef VMO_SUPPORT_NPY_H
#define VMO_SUPPORT_NPY_H

#include "support/context.h"
#include "support/text.h"

#define VMO_NPY_MAX_RANK 64       /* NumPy itself stops at 64 */
#define VMO_NPY_PREAMBLE_BYTES 12 /* from so many bytes on vmo_measure_npy knows how long the head is */
#define VMO_NPY_MAX_HEAD ((size_t)1 << 20)

typedef struct vmo_npy {
  char order;      /* '<', '>', '=' (the machine's) or '|' (no order: of one byte, or no number) */
  char kind;       /* 'f', 'i', 'u', 'b' of numbers; others of what VMIR does not have */
  uint32_t width;  /* bytes of an element */
  bool is_fortran; /* the first index runs fastest */
  uint32_t rank;   /* 0: a scalar */
  int64_t sizes[VMO_NPY_MAX_RANK];
  int64_t count;     /* elements; count * width is below 2^53 */
  size_t head_bytes; /* where the elements begin */
} vmo_npy;

/* The bytes that the head takes, told by the first `length` of them (at least VMO_NPY_PREAMBLE_BYTES, unless the file has
 * no more). NULL, or what is wrong: no .npy, another version, shorter than that. */
const char *vmo_measure_npy(const char *bytes, size_t length, size_t *head_bytes);

/* Reads a whole head. NULL, or what is wrong with it; any bytes are survived. */
const char *vmo_parse_npy(const char *bytes, size_t length, vmo_npy *head);

/* Whether elements are stored as this machine has them. */
bool vmo_npy_is_native(const vmo_npy *head);

/* Writes the head of an array in row-major order. `kind` and `width` as above; elements of this machine follow. */
void vmo_write_npy_head(char kind, uint32_t width, uint32_t rank, const int64_t *sizes, vmo_text *out);

#endif
