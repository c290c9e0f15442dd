/* oracle_loads.h: what oracle_loads.c tells oracle_peaks.c: which names are live at which op. */
#ifndef VMO_TESTS_RANDOM_ORACLE_LOADS_H
#define VMO_TESTS_RANDOM_ORACLE_LOADS_H

#include "tests/random/oracle_internal.h"

typedef enum vmo_name_kind {
  VMO_NAME_FOREIGN, /* a parameter, a constant */
  VMO_NAME_STATE,
  VMO_NAME_MADE,   /* an op's result */
  VMO_NAME_CARRIED /* handed over by a loop, a branch or a stream */
} vmo_name_kind;

/* Of each value; what it says of a name is said of root names alone. */
typedef struct vmo_name_fact {
  vmo_name_kind kind;
  uint32_t root; /* the name whose bytes it has: itself, what it is a view of, ...; VMO_NONE: it has none */
  uint32_t op;   /* that makes it, or whose region has it */
  uint32_t home; /* the stream whose memory it is in */
  uint32_t same; /* the one other name that it only ever is; itself */
  bool view;
  bool own;             /* it may have bytes that the function made */
  int64_t start;        /* of a view: bytes from the root's first one; -1: not known */
  uint32_t first, last; /* atoms [first, last): of a root all, of a view those that it has */
} vmo_name_fact;

/* A part of a root's bytes that is read as a whole or not at all: what lies between the ends of its views. */
typedef struct vmo_atom {
  uint32_t root;
  int64_t begin, end; /* bytes of the root */
} vmo_atom;

typedef struct vmo_stream_fact {
  uint32_t parent, fork, begin, end, join; /* 0: the whole function */
} vmo_stream_fact;

typedef struct vmo_hand {
  uint32_t target, source; /* names; source VMO_NONE: it has no bytes */
} vmo_hand;

typedef struct vmo_tracker {
  const vmo_planned *planned;
  const vmo_function *function; /* as written, or as planned */
  vmr_arena *arena;
  bool parts;     /* whether views read parts of what they are views of, or all of it */
  uint32_t count; /* of values */
  vmo_name_fact *names;
  VMO_VEC(vmo_atom) atoms;
  uint32_t *op_streams;
  uint32_t stream; /* while names are given: the one at hand */
  VMO_VEC(vmo_stream_fact) streams;
  VMO_VEC(vmo_hand) moves;
  uint32_t *reserved; /* per atom: parallels that run whose result it is */
  bool *at;           /* at[op * atoms.count + atom]: live there */
  bool failed;
} vmo_tracker;

/* Fills in what is not given: planned, function, arena and parts are. False: memory is out, or it is nested too deeply. */
bool vmo_track_names(vmo_tracker *t);
uint32_t vmo_resolve_name(const vmo_tracker *t, uint32_t name);

#endif
