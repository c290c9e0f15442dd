/* intern.h: strings to small numbers. */
#ifndef VMEMRT_INTERN_H
#define VMEMRT_INTERN_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vmr_interner vmr_interner;
typedef uint32_t vmr_symbol; /* 0 is never a symbol; symbols count up from 1 in order of first use */

VMR_API vmr_interner *vmr_interner_create(void);
VMR_API void vmr_interner_destroy(vmr_interner *interner);

/* The symbol of `text` (any bytes, `length` of them), added when it is new. 0 when memory is out, or for
 * 4 GiB and more. The text is copied. */
VMR_API vmr_symbol vmr_interner_add(vmr_interner *interner, const char *text, size_t length);

/* The symbol of `text`, or 0 when it was never added. */
VMR_API vmr_symbol vmr_interner_find(const vmr_interner *interner, const char *text, size_t length);

/* The NUL-terminated text of `symbol`, valid as long as the interner; its length in `*length` (may be
 * NULL). NULL for a number that is no symbol. */
VMR_API const char *vmr_interner_text(const vmr_interner *interner, vmr_symbol symbol, size_t *length);

VMR_API uint32_t vmr_interner_count(const vmr_interner *interner);

#ifdef __cplusplus
}
#endif

#endif
