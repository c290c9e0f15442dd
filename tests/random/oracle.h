/* oracle.h: judges plans of random programs by running them. Simple, slow, and apart from what it judges: it shares no
 * code with analysis/, passes/ and planner/; of them it calls the pipeline, and reads the plan that comes out.
 *
 *   generator or file ──> the program, planned as asked, and with results of calls apart ──> oracle_plan.c
 *     is it the same program but for copies?                                                oracle_structure.c, oracle_doubled.c
 *     does each read find its value, on every path that is tried?                           oracle_explore.c
 *         places of values in bytes    oracle_places.c       one op, byte by byte   oracle_ops.c
 *         control, calls and streams   oracle_execute.c      bytes and their content oracle_memory.c
 *     are loads and peaks right?                                            oracle_loads.c, oracle_peaks.c
 *   a program that fails is made smaller                                                    oracle_shrink.c
 *
 * A value that comes to be while the program runs is an instance; byte i of an instance is a content. The program, with
 * copies taken for what they copy, says which instance each name stands for; memory holds a content for each byte. When
 * an op reads an operand, all bytes at the operand's place must hold the bytes of the instance in their order. What an
 * op writes, and the workspace that it clobbers, changes contents and nothing else does. */
#ifndef VMO_TESTS_RANDOM_ORACLE_H
#define VMO_TESTS_RANDOM_ORACLE_H

#include "ir/ir.h"

/* What was found. The shrinker keeps the kind. */
typedef enum vmo_fault {
  VMO_FAULT_NONE,
  VMO_FAULT_MEMORY,    /* memory is out: nothing is known */
  VMO_FAULT_INPUT,     /* the program itself is wrong */
  VMO_FAULT_PIPELINE,  /* no plan came out, or a checker of the pipeline refused it */
  VMO_FAULT_STRUCTURE, /* the planned program is not the written one with copies */
  VMO_FAULT_PLACE,     /* a value has no place, or one beyond its arena, or not aligned */
  VMO_FAULT_LOST,      /* a read found other bytes than the operand's */
  VMO_FAULT_OVERLAP,   /* an op writes over what it still reads */
  VMO_FAULT_CONTRACT,  /* something that belongs to the caller was written, or a result is not where it must be */
  VMO_FAULT_LOAD,      /* a load, a peak or a size in the report is not right */
  VMO_FAULT_COUNT
} vmo_fault;

const char *vmo_fault_name(vmo_fault fault);

typedef struct vmo_verdict {
  vmo_fault fault;
  char text[600]; /* what, where, on which path */
} vmo_verdict;

/* Notes the first fault; returns false. */
bool vmo_blame(vmo_verdict *verdict, vmo_fault fault, const char *format, ...) VMO_PRINTF(3, 4);

/* How a program is planned and with which sizes it runs: drawn from the seed. */
typedef struct vmo_variant {
  bool results_in_caller;
  uint32_t optimise;  /* 0 or 2 */
  uint32_t alignment; /* of slots whose type names none */
  enum {
    VMO_DIMS_BOUND,   /* every dim has a small value: figures are exact */
    VMO_DIMS_BOUNDED, /* bounded dims keep their bounds: the plan must hold for smaller ones */
    VMO_DIMS_FREE     /* free dims stay free: places are expressions */
  } dims;
} vmo_variant;

/* Makes the program anew in a context; NULL when it cannot. */
typedef struct vmo_program_source {
  vmo_module *(*make)(void *user, vmo_context *context);
  void *user;
} vmo_program_source;

typedef struct vmo_judge_options {
  uint64_t seed;  /* of paths and sizes */
  uint32_t paths; /* at most that many executions of each function */
  bool unchecked; /* judge also plans that the pipeline's own checkers refuse */
  vmo_variant variant;
} vmo_judge_options;

typedef struct vmo_judge_counts {
  uint64_t programs, functions, executions, steps, exhausted; /* functions of which every path was tried */
} vmo_judge_counts;

/* The variant that belongs to a seed. */
vmo_variant vmo_draw_variant(uint64_t seed);
/* "--results=caller -O2 --align=8 --dims=bounded" */
void vmo_describe_variant(const vmo_variant *variant, vmo_text *out);

/* Plans the program and runs it. */
vmo_verdict vmo_judge_program(const vmo_program_source *source, const vmo_judge_options *options,
                              vmo_judge_counts *counts);

/* ---- programs as text: what the shrinker works on ---- */

/* The text of a program that still has the verdict's fault; the caller frees it. `seconds`: when to stop. */
void vmo_shrink_program(const char *text, const vmo_judge_options *options, const vmo_verdict *verdict, double seconds,
                        vmo_text *smaller, vmo_verdict *smaller_verdict);
/* Judges VMIR text. */
vmo_verdict vmo_judge_text(const char *text, size_t length, const vmo_judge_options *options, vmo_judge_counts *counts);

#endif
