/* heap_profile.h: what each allocation site did while an instrumented program ran, read back from the file that it wrote.
 *
 *   vmo_number_heap_sites(context, facts)                     the keys of the sites of a program
 *   vmo_add_heap_profiles(context, runs, count, &profile)     what several runs told, as one
 *   vmo_match_heap_profile(context, profile, facts)           which of them the profile tells of
 *
 * docs/profile.schema.json is the shape of the file (cli/profile.c reads it). A site is known again by its function, its place in the source, the function that
 * it calls, and its number among those that share these, so that a program may be compiled anew, or have changed elsewhere. */
#ifndef VMO_ANALYSIS_HEAP_PROFILE_H
#define VMO_ANALYSIS_HEAP_PROFILE_H

#include "analysis/heaps.h"

#define VMO_PROFILE_SCHEMA "vmemopt-profile-1"
#define VMO_PROFILE_NEIGHBOURS 6

/* How often a site came next. */
typedef struct vmo_profile_neighbour {
  uint32_t site; /* of the profile */
  vmo_bytes count;
} vmo_profile_neighbour;

/* Lifetimes are in bytes that the program allocated meanwhile. */
typedef struct vmo_profile_site {
  const char *function, *file, *allocator; /* file NULL: not known */
  uint32_t line, column, ordinal;
  bool noted;                         /* its objects were counted */
  vmo_bytes count, bytes;             /* objects made, bytes asked for */
  vmo_bytes smallest, largest;        /* of an object */
  vmo_bytes usual;                    /* most objects have so many bytes, or a little less; 0: it made none */
  vmo_bytes frees, moves;             /* of its objects */
  vmo_bytes peak_objects, peak_bytes; /* most at a time */
  vmo_bytes left_objects, left_bytes; /* at the end */
  vmo_bytes mean_life, longest_life;  /* of those that were freed */
  uint64_t alive;                     /* a bit for each part of the run in which objects of it lived */
  uint32_t followed_count, outlasted_count;
  vmo_profile_neighbour followed[VMO_PROFILE_NEIGHBOURS];  /* by what was made next */
  vmo_profile_neighbour outlasted[VMO_PROFILE_NEIGHBOURS]; /* by what was freed next */
  vmo_bytes
      scope_bytes; /* made in one call of the function that drops them, at most; -1: none does, or it is not known */
  vmo_bytes run_count, run_bytes; /* of count and bytes, what one run made at most (vmo_add_heap_profiles) */
} vmo_profile_site;

typedef struct vmo_heap_profile {
  const char *path; /* as it was given */
  uint64_t hash;    /* of the sites of the program that ran */
  vmo_bytes clock;  /* bytes that it allocated */
  VMO_VEC(vmo_profile_site) sites;
  const struct vmo_heap_profile *runs; /* of a sum: what it was made of */
  uint32_t run_count;
} vmo_heap_profile;

/* Sets each site's ordinal, and the hash of all. */
vmo_status vmo_number_heap_sites(vmo_context *context, vmo_heap_facts *facts);

/* Whether two tell of the same site, wherever their programs came from. */
bool vmo_is_same_profiled_site(const vmo_profile_site *a, const vmo_profile_site *b);
uint32_t vmo_hash_profiled_site(const vmo_profile_site *site);

/* Adds up what was counted; of peaks, sizes and lifetimes the greatest (or least) of any run is kept. `count`, at least one, may be
 * runs of the program at different ages. `runs` are to stay. (heap_profile_sum.c) */
vmo_status vmo_add_heap_profiles(vmo_context *context, const vmo_heap_profile *runs, uint32_t count,
                                 const vmo_heap_profile **sum);

/* Sets each site's profile where it tells of it. An error when it is another program's; a warning for what it tells of other
 * sites. */
vmo_status vmo_match_heap_profile(vmo_context *context, const vmo_heap_profile *profile, vmo_heap_facts *facts);

#endif
