/* main.c: a compiler that has lifetimes of its own, and takes only the slot allocator of vmemopt.
 *
 * Six tensors of a small network go to 64 KiB of fast memory and what does not fit to slow memory; then one of them grows,
 * and the plan is mended: the others stay where the code that was generated before expects them. Built against an
 * installed copy:
 *
 *   cmake -S examples/slots -B build -DCMAKE_PREFIX_PATH=<prefix> && cmake --build build && build/slots */
#include <inttypes.h>
#include <stdio.h>

#include <vmemopt.h>

#define COUNT 6

static const char *const names[COUNT] = {"input", "conv1", "relu1", "conv2", "skip", "output"};
static const char *const spaces[] = {"fast", "slow"};

static int print_plan(const char *title, vmo_status status, const vmo_slot_plan *plan) {
  if (status != VMO_OK) {
    fprintf(stderr, "%s: %s\n", title, plan != NULL ? plan->error : "out of memory");
    return 1;
  }
  printf("%s: %s; fast %" PRId64 " bytes, slow %" PRId64 " bytes, %" PRIu32 " kept, %" PRIu32 " moved\n", title,
         plan->why, plan->levels[0].height, plan->levels[1].height, plan->kept, plan->moved);
  for (uint32_t i = 0; i < COUNT && plan->offsets != NULL; i++)
    printf("  %-7s %s + %" PRId64 "\n", names[i], spaces[plan->spaces[i]], plan->offsets[i]);
  return 0;
}

int main(void) {
  const vmo_slot_life lives[COUNT] = {{0, 2}, {1, 3}, {2, 4}, {3, 6}, {2, 6}, {5, 7}};
  const int64_t bytes[COUNT] = {12288, 32768, 32768, 16384, 16384, 4096};
  vmo_slot_buffer buffers[COUNT] = {{0}};
  for (uint32_t i = 0; i < COUNT; i++) {
    buffers[i].bytes = bytes[i];
    buffers[i].alignment = 64;
    buffers[i].lives = &lives[i];
    buffers[i].life_count = 1;
  }
  buffers[0].spaces = 2; /* a DMA engine writes the input, and reaches slow memory only */
  const vmo_slot_space targets[] = {{.limited = true, .capacity = 65536, .alignment = 64}, {.cost = 1}};
  const vmo_slot_pair in_place[] = {{1, 2}}; /* relu1 overwrites conv1 */
  vmo_slot_problem problem = {.buffers = buffers,
                              .buffer_count = COUNT,
                              .colocated = in_place,
                              .colocated_count = 1,
                              .spaces = targets,
                              .space_count = 2};
  vmo_slot_plan *plan, *mended;
  vmo_status status = vmo_plan_slots(&problem, NULL, &plan);
  int code = print_plan("planned", status, plan);
  if (code == 0) {
    for (uint32_t i = 0; i < COUNT; i++) {
      buffers[i].placed = true;
      buffers[i].previous_offset = plan->offsets[i];
      buffers[i].previous_space = plan->spaces[i];
    }
    buffers[5].bytes = 20480;
    problem.stays_close = true;
    problem.tolerance = 0.02;
    status = vmo_plan_slots(&problem, NULL, &mended);
    code = print_plan("mended", status, mended);
    vmo_free_slots(mended);
  }
  vmo_free_slots(plan);
  return code;
}
