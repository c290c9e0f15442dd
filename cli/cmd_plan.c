/* cmd_plan.c: `vmemopt plan FILE`: places the buffers of a CSV in one arena or in several spaces, anew or close to a
 * previous placement; or checks a placement that somebody else made.
 *
 * Every placement is checked by code that shares nothing with the planner before anything is said about it. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/run_engines.h"
#include "reports/reports.h"

#define TOLERANCE 0.02   /* by which a plan that is close to the previous one may exceed one from scratch */
#define MOST_FAULTS 1000 /* that are told */
#define LEAST_TIME 1e-6  /* a first plan is finished in any case */

typedef struct placed {
  vmo_csv csv;
  vmo_csv other; /* of --from or --validate */
  vmo_packing packing;
  vmo_moves moves;
  vmo_fault_list faults;
  vmo_placement placement;
} placed;

static void write_csv(const vmo_cli *cli, void *user, vmo_text *out) {
  const placed *found = user;
  bool spaces = cli->options.spaces.count > 0;
  vmo_write_packed_csv(&found->csv, found->packing.offsets, spaces ? cli->options.spaces.data : NULL,
                       found->packing.spaces, out);
}

/* ---- verdicts ---- */

/* Of a problem with spaces. */
static void tell_about_spaces(vmo_cli *cli, const vmo_packing *packing) {
  bool none = packing->status == VMO_SOLUTION_INFEASIBLE;
  vmo_diagnostic *added =
      vmo_diag_add(cli->context, VMO_DIAG_DOES_NOT_FIT, (vmo_location){0},
                   "no placement within the capacities of the spaces %s", none ? "exists" : "was found");
  vmo_diag_hint(cli->context, added, "%s",
                none ? "the report lists buffers that already cannot be placed together"
                     : "one may exist; more capacity, or a longer time limit, may help");
}

static void tell_about_capacity(vmo_cli *cli, const vmo_packing *packing) {
  const vmo_solution *result = &packing->results[0];
  const long long capacity = (long long)cli->options.capacity;
  vmo_diagnostic *added;
  if (packing->status == VMO_SOLUTION_TIMEOUT) {
    added = vmo_diag_add(cli->context, VMO_DIAG_DOES_NOT_FIT, (vmo_location){0},
                         "no placement within %lld bytes was found; the lowest has %lld bytes", capacity,
                         (long long)result->height);
    vmo_diag_hint(cli->context, added, "none can be lower than %lld bytes; one between may exist",
                  (long long)result->floor);
    return;
  }
  if (packing->offsets == NULL) {
    added =
        vmo_diag_add(cli->context, VMO_DIAG_DOES_NOT_FIT, (vmo_location){0},
                     "no placement exists: fixed offsets make buffers overlap that are live together or to be apart");
    vmo_diag_hint(cli->context, added, "the report says which; move one of them, or leave its offset empty");
    return;
  }
  if (result->lower_bound <= cli->options.capacity) {
    added = vmo_diag_add(cli->context, VMO_DIAG_DOES_NOT_FIT, (vmo_location){0},
                         "no placement within %lld bytes exists, although no more than %lld bytes are live at once",
                         capacity, (long long)result->lower_bound);
  } else {
    added = vmo_diag_add(cli->context, VMO_DIAG_DOES_NOT_FIT, (vmo_location){0},
                         "no placement within %lld bytes exists: at time %lld, %lld bytes are live", capacity,
                         (long long)result->witness, (long long)result->lower_bound);
  }
  if (result->floor == result->height)
    vmo_diag_hint(cli->context, added, "a capacity of %lld bytes suffices, and no less", (long long)result->height);
  else
    vmo_diag_hint(cli->context, added, "a capacity of %lld bytes is known to suffice, and none below %lld does",
                  (long long)result->height, (long long)result->floor);
}

/* An error when no placement fits; says what is known of the least capacity. */
static vmo_status judge(vmo_cli *cli, const placed *found) {
  vmo_solution_status status = found->packing.status;
  if (status == VMO_SOLUTION_OPTIMAL || status == VMO_SOLUTION_FEASIBLE) return VMO_OK;
  if (cli->options.spaces.count > 0)
    tell_about_spaces(cli, &found->packing);
  else
    tell_about_capacity(cli, &found->packing);
  return VMO_DOES_NOT_FIT;
}

/* ---- another table ---- */

/* Reads a second table; diagnostics about it name it. */
static vmo_status read_other(vmo_cli *cli, const char *path, placed *found) {
  const char *text = cli->context->source_text, *name = cli->context->source_name;
  size_t own_length = cli->context->source_length, length;
  cli->other_source = vmo_read_file(cli->context, path, &length);
  if (cli->other_source == NULL) return VMO_INPUT_ERROR;
  vmo_status status = vmo_context_set_source(cli->context, path, cli->other_source, length);
  if (status == VMO_OK) status = vmo_read_placement_csv(cli->context, &found->other);
  if (status != VMO_OK) return status; /* what is told next is about that file */
  return vmo_context_set_source(cli->context, name, text, own_length);
}

static uint32_t find_space(const vmo_cli *cli, const vmo_csv *csv, uint32_t row) {
  if (csv->named_spaces == NULL || csv->named_spaces[row] == UINT64_MAX) return VMO_NONE;
  for (uint32_t i = 0; i < csv->space_name_count; i++) {
    if (!(csv->named_spaces[row] >> i & 1)) continue;
    const vmo_csv_name *name = &csv->space_names[i];
    for (uint32_t s = 0; s < cli->options.spaces.count; s++) {
      const char *known = cli->options.spaces.data[s].name;
      if (strlen(known) == name->length && memcmp(known, name->text, name->length) == 0) return s;
    }
  }
  return VMO_NONE;
}

/* Where the other table has the buffers: -1 and VMO_NONE where it has not. */
static vmo_status take_places(vmo_cli *cli, const placed *found, vmo_bytes **offsets, uint32_t **spaces) {
  uint32_t count = found->csv.problem.buffer_count;
  const uint32_t *rows = vmo_match_csv(cli->context, &found->csv, &found->other);
  *offsets = vmo_alloc_array(cli->context, (size_t)count + 1, sizeof **offsets);
  *spaces = vmo_alloc_array(cli->context, (size_t)count + 1, sizeof **spaces);
  if (rows == NULL || *offsets == NULL || *spaces == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    bool known = rows[i] != VMO_NONE;
    (*offsets)[i] = known ? found->other.problem.buffers[rows[i]].fixed_offset : -1;
    (*spaces)[i] = known && cli->options.spaces.count > 0 ? find_space(cli, &found->other, rows[i]) : 0;
  }
  return VMO_OK;
}

/* ---- validation ---- */

static int shown(size_t length) { return length < 60 ? (int)length : 60; }

/* How many rows of a table are not in the other one, or lie nowhere there, and the first of them. */
typedef struct row_count {
  uint32_t count, first;
} row_count;

static row_count count_rows(const vmo_csv *csv, const uint32_t *rows, const vmo_bytes *offsets) {
  row_count found = {0};
  for (uint32_t i = csv->problem.buffer_count; i-- > 0;) {
    if (offsets != NULL ? offsets[i] >= 0 : rows[i] != VMO_NONE) continue;
    found.count++;
    found.first = i;
  }
  return found;
}

/* Every buffer needs an offset there. */
static void tell_missing(vmo_cli *cli, const placed *found, row_count missing) {
  size_t length;
  const char *id = vmo_csv_id(&found->csv, missing.first, &length);
  vmo_diagnostic *added =
      vmo_diag_add(cli->context, VMO_DIAG_PLACEMENT_FAULTS, (vmo_location){vmo_csv_line(&found->csv, missing.first), 1},
                   "the placement %s has no offset for '%.*s'", cli->options.validated, shown(length), id);
  if (missing.count > 1)
    vmo_diag_hint(cli->context, added, "nor for %u other%s", missing.count - 1, missing.count > 2 ? "s" : "");
}

/* And every row there is a buffer of the problem. */
static void tell_strangers(vmo_cli *cli, const placed *found, row_count strangers) {
  size_t length;
  const char *id = vmo_csv_id(&found->other, strangers.first, &length);
  vmo_diagnostic *added =
      vmo_diag_add(cli->context, VMO_DIAG_PLACEMENT_FAULTS, (vmo_location){0},
                   "line %u of the placement %s places '%.*s', which is no buffer of the problem",
                   vmo_csv_line(&found->other, strangers.first), cli->options.validated, shown(length), id);
  if (length > 0 && (*id == '"' || *id == '\''))
    vmo_diag_hint(cli->context, added, "quotes are a part of an id");
  else if (strangers.count > 1)
    vmo_diag_hint(cli->context, added, "nor %s %u other%s; is it the placement of another problem?",
                  strangers.count > 2 ? "are" : "is", strangers.count - 1, strangers.count > 2 ? "s" : "");
  else
    vmo_diag_hint(cli->context, added, "a placement has the ids of the problem, each once");
}

/* And no sum may leave the range that reports keep exactly. */
static vmo_status require_ends(vmo_cli *cli, const placed *found, const vmo_bytes *offsets) {
  for (uint32_t i = 0; i < found->csv.problem.buffer_count; i++) {
    if (offsets[i] < VMO_BYTES_LIMIT - found->csv.problem.buffers[i].bytes) continue;
    size_t length;
    const char *id = vmo_csv_id(&found->csv, i, &length);
    vmo_diagnostic *added =
        vmo_diag_add(cli->context, VMO_DIAG_PLACEMENT_FAULTS, (vmo_location){vmo_csv_line(&found->csv, i), 1},
                     "at offset %lld, as the placement %s has it, '%.*s' ends at 2^53 or beyond", (long long)offsets[i],
                     cli->options.validated, shown(length), id);
    vmo_diag_hint(cli->context, added, "all that is placed ends below 2^53");
    return VMO_INPUT_ERROR;
  }
  return VMO_OK;
}

static vmo_status require_places(vmo_cli *cli, const placed *found, const vmo_bytes *offsets) {
  const uint32_t *rows = vmo_match_csv(cli->context, &found->other, &found->csv);
  if (rows == NULL) return VMO_OUT_OF_MEMORY;
  row_count missing = count_rows(&found->csv, NULL, offsets), strangers = count_rows(&found->other, rows, NULL);
  if (missing.count > 0) tell_missing(cli, found, missing);
  if (strangers.count > 0) tell_strangers(cli, found, strangers);
  return missing.count + strangers.count > 0 ? VMO_INPUT_ERROR : require_ends(cli, found, offsets);
}

static vmo_status validate(vmo_cli *cli, placed *found) {
  vmo_bytes *offsets;
  uint32_t *spaces;
  vmo_status status = read_other(cli, cli->options.validated, found);
  if (status == VMO_OK) status = take_places(cli, found, &offsets, &spaces);
  if (status == VMO_OK) status = require_places(cli, found, offsets);
  if (status == VMO_OK)
    status = vmo_measure_packing(cli->context, &found->csv.packing, offsets, spaces, &found->packing);
  if (status == VMO_OK)
    status = vmo_list_packing_faults(cli->context, &found->csv.packing, &found->packing, MOST_FAULTS, &found->faults);
  if (status != VMO_OK) return status;
  found->placement.faults = &found->faults;
  if (found->faults.count == 0) return VMO_OK;
  vmo_diag_add(cli->context, VMO_DIAG_PLACEMENT_FAULTS, (vmo_location){0}, "the placement %s has %s%u fault%s",
               cli->options.validated, found->faults.more ? "more than " : "", found->faults.count,
               found->faults.count == 1 ? "" : "s");
  return VMO_INPUT_ERROR;
}

/* ---- placing ---- */

static void warn_of_strangers(vmo_cli *cli) {
  vmo_diagnostic *added =
      vmo_diag_add(cli->context, VMO_DIAG_NOTHING_PLACED_BEFORE, (vmo_location){0},
                   "the previous placement %s has an offset for none of the buffers", cli->options.previous);
  vmo_diag_hint(cli->context, added, "buffers are known again by their ids; is it the placement of another problem?");
}

/* Where the buffers were before; nothing is set without a previous placement. */
typedef struct former_places {
  vmo_bytes *offsets;
  uint32_t *spaces;
} former_places;

static vmo_status read_former_places(vmo_cli *cli, placed *found, former_places *former) {
  if (cli->options.previous == NULL) return VMO_OK;
  vmo_status status = read_other(cli, cli->options.previous, found);
  if (status == VMO_OK) status = take_places(cli, found, &former->offsets, &former->spaces);
  if (status != VMO_OK) return status;
  found->placement.moves = &found->moves;
  if (count_rows(&found->csv, NULL, former->offsets).count == found->csv.problem.buffer_count) warn_of_strangers(cli);
  return VMO_OK;
}

/* Within so many bytes; -1: as low as can be. */
static vmo_status place_within(vmo_cli *cli, placed *found, const former_places *former, vmo_bytes capacity,
                               double time_limit) {
  vmo_solve_options options = {.time_limit = time_limit,
                               .seed = (uint64_t)cli->options.seed,
                               .threads = cli->options.threads,
                               .report = vmo_show_search};
  vmo_packing_problem *problem = &found->csv.packing;
  problem->base.capacity = capacity;
  if (former->offsets == NULL) return vmo_solve_packing(cli->context, problem, &options, &found->packing);
  return vmo_replan_packing(cli->context, problem, &options, former->offsets, former->spaces, TOLERANCE,
                            &found->packing, &found->moves);
}

/* What the search for the lowest plan has found stands, where the one within the capacity was cut short. */
static void keep_lowest(placed *found, const vmo_packing *lowest, vmo_bytes capacity) {
  const vmo_packing cut_short = found->packing;
  if (cut_short.status != VMO_SOLUTION_TIMEOUT) return;
  bool none = lowest->results[0].floor > capacity;
  if (!none && lowest->results[0].height > cut_short.results[0].height) return;
  found->packing = *lowest;
  found->packing.status = found->packing.results[0].status = none ? VMO_SOLUTION_INFEASIBLE : VMO_SOLUTION_TIMEOUT;
  if (!none) found->packing.why = cut_short.why;
}

static vmo_status place(vmo_cli *cli, placed *found) {
  vmo_bytes capacity = cli->options.capacity;
  double limit = cli->options.time_limit, began = vmo_seconds_now();
  former_places former = {0};
  vmo_status status = read_former_places(cli, found, &former);
  if (status != VMO_OK) return status;
  status = place_within(cli, found, &former, cli->options.minimise ? -1 : capacity, limit);
  bool over = cli->options.minimise && capacity >= 0 && found->packing.results[0].height > capacity;
  if (status != VMO_OK || !over) return status;
  /* The lowest one does not fit: why, is found with the capacity, in the time that is left. */
  const vmo_packing lowest = found->packing;
  if (limit > 0) limit -= vmo_seconds_now() - began;
  if (cli->options.time_limit > 0 && limit < LEAST_TIME) limit = LEAST_TIME;
  status = place_within(cli, found, &former, capacity, limit);
  if (status == VMO_OK) keep_lowest(found, &lowest, capacity);
  return status;
}

static vmo_status run(vmo_cli *cli, placed *found) {
  vmo_status status = vmo_read_csv(cli->context, &found->csv);
  if (status == VMO_OK)
    status = vmo_resolve_csv_spaces(cli->context, &found->csv, cli->options.spaces.data, cli->options.spaces.count);
  if (status != VMO_OK) return status;
  found->csv.packing.base.capacity = cli->options.capacity;
  if (cli->options.validated != NULL) return validate(cli, found);
  status = place(cli, found);
  found->csv.packing.base.capacity = cli->options.capacity;
  return status == VMO_OK ? vmo_check_packing(cli->context, &found->csv.packing, &found->packing) : status;
}

vmo_exit vmo_run_plan_command(vmo_cli *cli) {
  placed found = {0};
  vmo_writers writers = {.product = write_csv, .user = &found};
  vmo_status status = vmo_load_input(cli, VMO_INPUT_CSV);
  found.placement = (vmo_placement){&found.csv, &found.csv.packing, &found.packing, NULL, NULL};
  if (status == VMO_OK) status = run(cli, &found);
  if (status == VMO_OK || found.placement.faults != NULL) writers.placement = &found.placement;
  writers.faulty = found.placement.faults != NULL;
  if (status == VMO_OK && cli->options.validated == NULL) status = judge(cli, &found);
  return vmo_finish(cli, status, &writers);
}
