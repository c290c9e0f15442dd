/* vmemrt.h: the public face of libvmemrt, the runtime library of vmemopt: all of its parts.
 *
 *   vmemrt/base.h     status codes; the context: backing memory, limits, faults, books
 *   vmemrt/arena.h    bump allocation, dropped whole
 *   vmemrt/buffer.h   aligned bytes with a padded tail
 *   vmemrt/collect.h  a heap whose objects are freed when nothing refers to them
 *   vmemrt/compiled.h  what compiled functions and their callers share
 *   vmemrt/expression.h  shared expressions and tuples; cycles of lists and objects
 *   vmemrt/heap.h     objects of any size for a group of allocation sites of a C program
 *   vmemrt/intern.h   strings to small numbers
 *   vmemrt/metrics.h  what a context can tell about its memory
 *   vmemrt/plan.h     the block of a planned function, reused from call to call
 *   vmemrt/pool.h     objects of one size, given back in any order
 *   vmemrt/profile.h  which sites allocate, what lives, what leaks
 *   vmemrt/site_profile.h  what each allocation site of an instrumented C program does
 *   vmemrt/snapshot.h  the graph of a collected heap: who keeps whom alive, what has grown
 *   vmemrt/soa.h      structures of arrays
 *   vmemrt/text.h     copy-on-write text
 *   vmemrt/value.h    values of a language: numbers, strings, lists, objects, foreign objects
 *   vmemrt/view.h     pieces of text that somebody else owns
 *
 * Each of them can be included alone. The library depends on libc alone. It never prints, exits or aborts. */
#ifndef VMEMRT_H
#define VMEMRT_H

#include "vmemrt/base.h"

#include "vmemrt/arena.h"
#include "vmemrt/buffer.h"
#include "vmemrt/collect.h"
#include "vmemrt/compiled.h"
#include "vmemrt/expression.h"
#include "vmemrt/heap.h"
#include "vmemrt/intern.h"
#include "vmemrt/metrics.h"
#include "vmemrt/plan.h"
#include "vmemrt/pool.h"
#include "vmemrt/profile.h"
#include "vmemrt/site_profile.h"
#include "vmemrt/snapshot.h"
#include "vmemrt/soa.h"
#include "vmemrt/text.h"
#include "vmemrt/value.h"
#include "vmemrt/view.h"

#endif
