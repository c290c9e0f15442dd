/* oracle_shrink.c: makes a program that fails smaller, as long as it fails in the same way.
 *
 *   drop an op with all that is in it; what it made becomes an operand of it, or else `fill 0`
 *   open a loop, a branch or a stream: what is in it stands in place of it, once
 *   drop a result of a function, a result that a loop or a branch hands over, a parameter, a function, a line of the head
 *
 * One such step is taken at a time, from the end of the program to its beginning, again and again until none succeeds or
 * time is up. A step parses the text, builds one function anew, and prints it; what does not verify or does not fail
 * any more is forgotten. Costs a judgement for each step that is tried. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/random/oracle_internal.h"

typedef enum step_kind { DROP_OP, OPEN_REGION, DROP_RESULT, DROP_RETURNED, DROP_PARAMETER, DROP_FUNCTION } step_kind;

typedef struct shrink_step {
  step_kind kind;
  uint32_t function, op, index; /* index: which region, result, parameter */
} shrink_step;

typedef struct rebuild {
  vmo_module *module;
  const vmo_function *from;
  vmo_function *to;
  const shrink_step *step;
  vmo_operand *map; /* per value of `from`: what it is now */
  uint32_t *uses;   /* per value of `from` */
  bool failed;
} rebuild;

static const vmo_location nowhere = {0, 0};

/* ---- building one function anew ---- */

static vmo_operand mapped(const rebuild *b, vmo_operand operand) {
  return operand.kind == VMO_OPERAND_VALUE ? b->map[operand.index] : operand;
}

static vmo_type_id type_of(const rebuild *b, vmo_value_id value) { return b->from->values.data[value].type; }

static vmo_operand copy_operand(rebuild *b, vmo_operand operand) {
  if (operand.kind != VMO_OPERAND_LITERAL) return mapped(b, operand);
  vmo_literal literal = b->from->literals.data[operand.index];
  operand.index = vmo_build_literal(b->module, b->to, literal);
  b->failed = b->failed || operand.index == VMO_NONE;
  return operand;
}

static void copy_attributes(rebuild *b, const vmo_op *op, uint32_t made) {
  for (uint32_t i = 0; i < op->attribute_count; i++) {
    const vmo_attribute *attribute = &b->from->attributes.data[op->attribute_first + i];
    if (!vmo_build_attribute(b->module, b->to, made, vmo_name(b->module, attribute->name), attribute->is_list,
                             b->from->items.data + attribute->item_first, attribute->item_count, nowhere))
      b->failed = true;
  }
}

/* Builds `op` with these operands and results; its index. */
static uint32_t build_op(rebuild *b, const vmo_op *op, const vmo_operand *operands, uint32_t operand_count,
                         const vmo_value_id *results, uint32_t result_count) {
  enum { MOST = 64 };
  vmo_type_id types[MOST];
  const char *names[MOST];
  if (result_count > MOST) b->failed = true;
  for (uint32_t i = 0; i < result_count && !b->failed; i++) {
    types[i] = type_of(b, results[i]);
    names[i] = vmo_value_name(b->module, b->from, results[i]);
  }
  vmo_op_spec spec = {(vmo_opcode)op->code, op->callee, operands, operand_count, types, names, result_count, nowhere};
  uint32_t made = b->failed ? VMO_NONE : vmo_build_op(b->module, b->to, &spec);
  b->failed = b->failed || made == VMO_NONE;
  for (uint32_t i = 0; i < result_count && !b->failed; i++)
    b->map[results[i]] = (vmo_operand){VMO_OPERAND_VALUE, b->to->ops.data[made].result_first + i, nowhere};
  return made;
}

/* What stands for a value that is gone: an operand of its type, or a new array of zeros. */
static void replace_value(rebuild *b, const vmo_op *op, vmo_value_id value) {
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id operand = vmo_op_value(b->from, op, i);
    if (operand == VMO_NONE || type_of(b, operand) != type_of(b, value)) continue;
    b->map[value] = b->map[operand];
    return;
  }
  if (b->uses[value] == 0) return;
  bool is_bool = b->module->types.data[type_of(b, value)].element == VMO_BOOL;
  vmo_literal zero = {is_bool ? VMO_LITERAL_BOOL : VMO_LITERAL_INTEGER, VMO_ELEMENT_COUNT, false, {.bits = 0}};
  vmo_operand operand = {VMO_OPERAND_LITERAL, vmo_build_literal(b->module, b->to, zero), nowhere};
  vmo_op fill = {.code = VMO_OP_fill, .callee = VMO_NONE};
  build_op(b, &fill, &operand, 1, &value, 1);
}

static void copy_region_ops(rebuild *b, vmo_region_id region, bool open);

static bool is_step(const rebuild *b, uint32_t op, step_kind kind) {
  return b->step->kind == kind && b->step->op == op;
}

/* Which results of a structured op are left out: the one of the step. */
static bool is_left_out(const rebuild *b, uint32_t op, uint32_t result) {
  return is_step(b, op, DROP_RESULT) && b->step->index == result;
}

/* The operand of a terminator, or of a loop, that feeds result `*result` of the structured op; false: none. */
static bool feeds_result(const rebuild *b, const vmo_op *op, uint32_t operand, uint32_t *owner, uint32_t *result) {
  uint32_t skip = op->code == VMO_OP_for ? 2 : 0;
  if (op->code == VMO_OP_for || op->code == VMO_OP_while) {
    *owner = (uint32_t)(op - b->from->ops.data);
    *result = operand - skip;
    return operand >= skip;
  }
  if (op->code != VMO_OP_yield) return false;
  const vmo_region *region = &b->from->regions.data[op->region];
  *owner = region->owner;
  *result = operand;
  if (region->kind != VMO_REGION_STREAM) return true;
  for (vmo_region_id r = b->from->ops.data[*owner].region_first; r < op->region; r++)
    *result += b->from->ops.data[b->from->regions.data[r].op_end - 1].operand_count;
  return true;
}

static uint32_t copy_operands(rebuild *b, const vmo_op *op, vmo_operand *operands, uint32_t most) {
  uint32_t count = 0, owner, result;
  for (uint32_t i = 0; i < op->operand_count && !b->failed; i++) {
    if (feeds_result(b, op, i, &owner, &result) && is_left_out(b, owner, result)) continue;
    if (op->code == VMO_OP_return && b->step->kind == DROP_RETURNED && b->step->index == i) continue;
    if (count == most) b->failed = true;
    if (b->failed) break;
    operands[count++] = copy_operand(b, b->from->operands.data[op->operand_first + i]);
  }
  return count;
}

static void copy_structured(rebuild *b, uint32_t index, uint32_t made) {
  const vmo_op *op = &b->from->ops.data[index];
  for (uint32_t r = 0; r < op->region_count && !b->failed; r++) {
    const vmo_region *region = &b->from->regions.data[op->region_first + r];
    vmo_region_id opened = vmo_build_region(b->module, b->to, made, region->kind);
    uint32_t skip = region->kind == VMO_REGION_FOR ? 1 : 0;
    b->failed = b->failed || opened == VMO_NONE;
    for (uint32_t i = 0; i < region->argument_count && !b->failed; i++) {
      vmo_value_id argument = region->argument_first + i;
      if (i >= skip && is_left_out(b, index, i - skip)) {
        replace_value(b, op, argument); /* its init, if that is a value */
        continue;
      }
      vmo_value_id value = vmo_build_argument(b->module, b->to, opened, vmo_value_name(b->module, b->from, argument),
                                              type_of(b, argument), nowhere);
      b->map[argument] = (vmo_operand){VMO_OPERAND_VALUE, value, nowhere};
      b->failed = b->failed || value == VMO_NONE;
    }
    if (!b->failed) copy_region_ops(b, op->region_first + r, false);
    if (!b->failed) vmo_build_region_end(b->module, b->to);
  }
}

static void copy_op(rebuild *b, uint32_t index) {
  enum { MOST = 64 };
  const vmo_op *op = &b->from->ops.data[index];
  vmo_operand operands[MOST];
  vmo_value_id results[MOST];
  uint32_t operand_count = copy_operands(b, op, operands, MOST), result_count = 0;
  for (uint32_t i = 0; i < op->result_count && i < MOST; i++)
    if (!is_left_out(b, index, i)) results[result_count++] = op->result_first + i;
  uint32_t made = build_op(b, op, operands, operand_count, results, result_count);
  if (b->failed) return;
  copy_attributes(b, op, made);
  copy_structured(b, index, made);
  for (uint32_t i = 0; i < op->result_count && !b->failed; i++)
    if (is_left_out(b, index, i)) replace_value(b, op, op->result_first + i);
}

/* The ops of region `index` of the op in its place; loop arguments are the inits. */
static void open_op(rebuild *b, uint32_t index) {
  const vmo_op *op = &b->from->ops.data[index];
  uint32_t skip = op->code == VMO_OP_for ? 1 : 0, first = 0;
  const vmo_region *region = &b->from->regions.data[op->region_first];
  for (uint32_t i = 0; i < region->argument_count; i++) {
    if (i < skip) {
      replace_value(b, &(vmo_op){0}, region->argument_first);
      continue;
    }
    vmo_operand init = b->from->operands.data[op->operand_first + 2 * skip + i - skip];
    b->map[region->argument_first + i] = copy_operand(b, init);
  }
  copy_region_ops(b, op->region_first + b->step->index, true);
  const vmo_op *end = &b->from->ops.data[b->from->regions.data[op->region_first + b->step->index].op_end - 1];
  if (op->code == VMO_OP_parallel)
    for (vmo_region_id r = op->region_first; r < op->region_first + b->step->index; r++)
      first += b->from->ops.data[b->from->regions.data[r].op_end - 1].operand_count;
  for (uint32_t i = 0; i < op->result_count && !b->failed; i++) {
    bool handed = end->code == VMO_OP_yield && i >= first && i - first < end->operand_count;
    if (handed)
      b->map[op->result_first + i] = copy_operand(b, b->from->operands.data[end->operand_first + i - first]);
    else
      replace_value(b, op, op->result_first + i);
  }
}

/* `open`: without the terminator. */
static void copy_region_ops(rebuild *b, vmo_region_id region, bool open) {
  const vmo_region *r = &b->from->regions.data[region];
  for (uint32_t i = r->op_first; i < r->op_end - (open ? 1 : 0) && !b->failed;) {
    const vmo_op *op = &b->from->ops.data[i];
    if (is_step(b, i, DROP_OP)) {
      for (uint32_t k = 0; k < op->result_count; k++) replace_value(b, op, op->result_first + k);
    } else if (is_step(b, i, OPEN_REGION)) {
      open_op(b, i);
    } else {
      copy_op(b, i);
    }
    i = op->region_count == 0 ? i + 1 : b->from->regions.data[op->region_first + op->region_count - 1].op_end;
  }
}

static void count_uses(rebuild *b) {
  for (uint32_t i = 0; i < b->from->operands.count; i++)
    if (b->from->operands.data[i].kind == VMO_OPERAND_VALUE) b->uses[b->from->operands.data[i].index]++;
}

static void copy_head(rebuild *b) {
  for (vmo_value_id v = 0; v < b->from->parameters.count && !b->failed; v++) {
    if (b->step->kind == DROP_PARAMETER && b->step->index == v) continue;
    vmo_value_id made = vmo_build_parameter(b->module, b->to, vmo_value_name(b->module, b->from, v), type_of(b, v),
                                            b->from->parameters.data[v], nowhere);
    b->map[v] = (vmo_operand){VMO_OPERAND_VALUE, made, nowhere};
    b->failed = b->failed || made == VMO_NONE;
  }
  for (uint32_t r = 0; r < b->from->result_types.count && !b->failed; r++)
    if (!(b->step->kind == DROP_RETURNED && b->step->index == r) &&
        !vmo_build_result_type(b->module, b->to, b->from->result_types.data[r]))
      b->failed = true;
}

static bool is_called(const vmo_module *module, uint32_t function) {
  for (uint32_t f = 0; f < module->functions.count; f++)
    for (uint32_t i = 0; i < module->functions.data[f]->ops.count; i++) {
      const vmo_op *op = &module->functions.data[f]->ops.data[i];
      if (op->code == VMO_OP_call && op->callee == function) return true;
    }
  return false;
}

static bool drop_function(vmo_module *module, uint32_t function) {
  if (module->functions.count == 1 || is_called(module, function)) return false;
  for (uint32_t f = 0; f < module->functions.count; f++)
    for (uint32_t i = 0; i < module->functions.data[f]->ops.count; i++) {
      vmo_op *op = &module->functions.data[f]->ops.data[i];
      if (op->code == VMO_OP_call && op->callee > function) op->callee--;
    }
  module->functions.count--;
  memmove(module->functions.data + function, module->functions.data + function + 1,
          (module->functions.count - function) * sizeof *module->functions.data);
  return true;
}

/* Takes the step in the module; false: it cannot be taken. */
static bool take_step(vmo_module *module, const shrink_step *step) {
  rebuild b = {.module = module, .from = module->functions.data[step->function], .step = step};
  if (step->kind == DROP_FUNCTION) return drop_function(module, step->function);
  if ((step->kind == DROP_PARAMETER || step->kind == DROP_RETURNED) && is_called(module, step->function)) return false;
  b.map = vmo_alloc_array(module->context, (size_t)b.from->values.count + 1, sizeof *b.map);
  b.uses = vmo_alloc_array(module->context, (size_t)b.from->values.count + 1, sizeof *b.uses);
  b.to = vmo_build_function(module, "function_that_shrinks", nowhere);
  if (!b.map || !b.uses || !b.to) return false;
  count_uses(&b);
  if (step->kind == DROP_PARAMETER && b.uses[step->index] > 0) return false;
  copy_head(&b);
  if (!b.failed) copy_region_ops(&b, 0, false);
  if (b.failed) return false;
  vmo_build_region_end(module, b.to);
  b.to->name = b.from->name;
  module->functions.data[step->function] = b.to;
  module->functions.count--;
  return true;
}

/* ---- trying ---- */

typedef struct shrinker {
  const vmo_judge_options *options;
  vmo_verdict wanted, last;
  vmo_text text; /* the smallest so far */
  clock_t end;
  vmo_judge_counts counts;
} shrinker;

/* The words of a verdict without names and numbers. */
static void strip_words(const char *text, char *words, size_t size) {
  size_t count = 0;
  const char *wrong = strstr(text, " is wrong: ");
  for (const char *c = wrong ? wrong : text; *c && *c != '\n' && count + 1 < size; c++) {
    if (*c == '@' || *c == '%')
      while (c[1] && c[1] != ' ' && c[1] != ',' && c[1] != ':') c++;
    else if (isalpha((unsigned char)*c))
      words[count++] = *c;
  }
  words[count] = '\0';
}

static bool is_same_fault(const vmo_verdict *left, const vmo_verdict *right) {
  char a[40], b[40];
  if (left->fault != right->fault) return false;
  if (left->fault != VMO_FAULT_PIPELINE) return true;
  strip_words(left->text, a, sizeof a);
  strip_words(right->text, b, sizeof b);
  return strcmp(a, b) == 0;
}

static vmo_module *parse(const vmo_text *text, vmo_context *context) {
  vmo_module *module = NULL;
  if (context == NULL || vmo_context_set_source(context, "smaller", text->data, text->count) != VMO_OK) return NULL;
  return vmo_parse_module(context, &module) == VMO_OK ? module : NULL;
}

/* Keeps `text` when it still fails so. */
static bool keep_if_it_fails(shrinker *s, vmo_text *text) {
  if (text->data == NULL || vmo_text_failed(text)) return false;
  vmo_verdict verdict = vmo_judge_text(text->data, text->count, s->options, &s->counts);
  if (!is_same_fault(&verdict, &s->wanted)) return false;
  vmo_text_free(&s->text);
  s->text = *text;
  vmo_text_init(text);
  s->last = verdict;
  return true;
}

static bool try_step(shrinker *s, const shrink_step *step) {
  vmo_text text;
  bool kept = false;
  if (clock() > s->end) return false;
  vmo_context *context = vmo_context_create();
  vmo_module *module = parse(&s->text, context);
  vmo_text_init(&text);
  if (module != NULL && take_step(module, step)) {
    vmo_print_module(module, &text);
    kept = keep_if_it_fails(s, &text);
  }
  vmo_text_free(&text);
  vmo_context_destroy(context);
  return kept;
}

/* Drops the lines of the head (dims, declarations) that the program can do without. */
static bool try_lines(shrinker *s) {
  bool any = false;
  for (size_t at = 0; at < s->text.count && clock() <= s->end;) {
    const char *line = s->text.data + at, *end = strchr(line, '\n');
    size_t length = end ? (size_t)(end - line) + 1 : s->text.count - at;
    const char *body = end && length > 5 && strncmp(line, "op ", 3) == 0 && strncmp(end - 4, "do {", 4) == 0
                           ? strstr(end, "\n}\n")
                           : NULL;
    if (body) length = (size_t)(body + 3 - line);
    bool head = strncmp(line, "dim ", 4) == 0 || strncmp(line, "op ", 3) == 0;
    vmo_text text;
    vmo_text_init(&text);
    vmo_text_add_bytes(&text, s->text.data, at);
    vmo_text_add_bytes(&text, line + length, s->text.count - at - length);
    bool kept = head && keep_if_it_fails(s, &text);
    if (!kept) at += length;
    any = any || kept;
    vmo_text_free(&text);
  }
  return any;
}

/* The numbers of things in the program as it is now. */
typedef struct extent_of_program {
  uint32_t functions, ops, regions, results, parameters, returned;
} extent_of_program;

static extent_of_program measure(const shrinker *s, uint32_t function, uint32_t op) {
  extent_of_program size = {0, 0, 0, 0, 0, 0};
  vmo_context *context = vmo_context_create();
  const vmo_module *module = parse(&s->text, context);
  if (module != NULL) {
    size.functions = module->functions.count;
    if (function < size.functions) {
      const vmo_function *f = module->functions.data[function];
      size.ops = f->ops.count;
      size.parameters = f->parameters.count;
      size.returned = f->result_types.count;
      if (op < size.ops) {
        bool terminator = vmo_op_get_info((vmo_opcode)f->ops.data[op].code)->terminator;
        size.regions = f->ops.data[op].region_count;
        size.results = size.regions > 0 ? f->ops.data[op].result_count : terminator ? VMO_NONE : 0;
      }
    }
  }
  vmo_context_destroy(context);
  return size;
}

static bool try_op(shrinker *s, uint32_t function, uint32_t op) {
  extent_of_program size = measure(s, function, op);
  if (op >= size.ops || size.results == VMO_NONE) return false;
  if (try_step(s, &(shrink_step){DROP_OP, function, op, 0})) return true;
  for (uint32_t r = 0; r < size.regions; r++)
    if (try_step(s, &(shrink_step){OPEN_REGION, function, op, r})) return true;
  for (uint32_t r = size.results; r-- > 0;)
    if (try_step(s, &(shrink_step){DROP_RESULT, function, op, r})) return true;
  return false;
}

static bool try_function(shrinker *s, uint32_t function) {
  bool any = false;
  extent_of_program size = measure(s, function, 0);
  for (uint32_t r = size.returned; r-- > 0;)
    any = try_step(s, &(shrink_step){DROP_RETURNED, function, VMO_NONE, r}) || any;
  for (uint32_t op = measure(s, function, 0).ops; op-- > 0 && clock() <= s->end;) any = try_op(s, function, op) || any;
  for (uint32_t p = size.parameters; p-- > 0;)
    any = try_step(s, &(shrink_step){DROP_PARAMETER, function, VMO_NONE, p}) || any;
  return any;
}

void vmo_shrink_program(const char *text, const vmo_judge_options *options, const vmo_verdict *verdict, double seconds,
                        vmo_text *smaller, vmo_verdict *smaller_verdict) {
  shrinker s = {.options = options, .wanted = *verdict, .last = *verdict};
  s.end = clock() + (clock_t)(seconds * CLOCKS_PER_SEC);
  vmo_text_init(&s.text);
  vmo_text_add(&s.text, text);
  for (bool any = true; any && clock() <= s.end;) {
    any = false;
    for (uint32_t f = measure(&s, 0, 0).functions; f-- > 0;) {
      if (try_step(&s, &(shrink_step){DROP_FUNCTION, f, VMO_NONE, 0}))
        any = true;
      else
        any = try_function(&s, f) || any;
    }
    any = try_lines(&s) || any;
  }
  vmo_text_add_bytes(smaller, s.text.data ? s.text.data : "", s.text.count);
  vmo_text_free(&s.text);
  *smaller_verdict = s.last;
}
