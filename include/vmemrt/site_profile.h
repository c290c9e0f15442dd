/* site_profile.h: what each allocation site of a program does, counted; what `vmemopt opt --heaps --instrument` has a program call.
 *
 * The program tells of every object that one of its sites makes and of every one that it frees. Each site has a row of
 * figures; living objects stand in a table by address. When the process ends by exit or by returning from main, the rows go to
 * a file as JSON, for `vmemopt opt --heaps --profile=FILE`. Any thread may call these functions at any time. A process that
 * forks writes for the parent alone.
 *
 * Time is counted in bytes that were allocated. Objects that die in code that does not tell are taken for dead when another one
 * is made at their place. */
#ifndef VMEMRT_SITE_PROFILE_H
#define VMEMRT_SITE_PROFILE_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A site, as compiled code has it. */
typedef struct vmr_profiled_site {
  const char *function; /* that it stands in */
  const char *file;     /* of the source; NULL: not known */
  const char *allocator;
  uint32_t line, column;
  uint32_t ordinal;  /* among the sites of that function at that place */
  uint32_t is_noted; /* 0: its objects are not told of */
} vmr_profiled_site;

/* All that a program has. */
typedef struct vmr_profiled_program {
  const vmr_profiled_site *sites;
  uint64_t site_count;
  uint64_t hash;    /* of the sites */
  const char *file; /* to write, unless VMEMOPT_PROFILE_FILE in the environment names another one */
} vmr_profiled_program;

/* Begins to count, before anything of the program runs. The program must stay. Of several in one process the first is
 * profiled; what the sites of the others make is told in vain. VMR_OUT_OF_MEMORY, VMR_STILL_IN_USE for another one,
 * VMR_INVALID_ARGUMENT for NULL. */
VMR_API vmr_status vmr_site_profile_begin(const vmr_profiled_program *program);

/* The site made an object of `bytes`; SIZE_MAX: as many as malloc says that it has. NULL for the object is no object. */
VMR_API void vmr_site_profile_note(const vmr_profiled_site *site, void *object, size_t bytes);

/* A function begins that drops what the site makes when it returns: what one call of it makes is counted. */
VMR_API void vmr_site_profile_scope(const vmr_profiled_site *site);

/* An object is about to be freed. */
VMR_API void vmr_site_profile_forget(const void *object);

/* As realloc: the object stays one of the site that made it. With a NULL site an object that is made anew is nobody's. */
VMR_API void *vmr_site_profile_realloc(const vmr_profiled_site *site, void *object, size_t bytes);

/* As free and realloc, for calls through pointers. */
VMR_API void vmr_site_profile_free(void *object);
VMR_API void *vmr_site_profile_move(void *object, size_t bytes);

/* The figures so far, as the file has them; length and `capacity` as in vmr_metrics_text. */
VMR_API size_t vmr_site_profile_json(char *buffer, size_t capacity);

/* Writes them to the file, which is replaced as a whole; what the process does at its end. False, and errno says why: it
 * is as it was. */
VMR_API bool vmr_site_profile_write(void);

#ifdef __cplusplus
}
#endif

#endif
