/* run.c: the engine: walks through a function's ops, hands plain ones to kernels, does control flow itself. The body of a
 * declared op is a function like any other: its ops run one after the other, each with a buffer of its own.
 *
 * An activation is a running function: a buffer for each of its values, made at entry and dropped at return, and the op at
 * which it stands. Activations are a stack of their own, so that deep recursion of the program is none of ours. A loop
 * carries its values in the results' buffers: what a trip yields goes there, and from there to the region's arguments, so
 * that yields assign in parallel, and zero trips leave the inits. Streams run one after the other. Time: that of the ops
 * run; memory: all values of the open activations. */
#include "evaluate/kernel.h"

#include <string.h>

typedef struct activation {
  const vmo_function *function;
  vmo_array *values;
  vmr_arena *memory;
  vmo_bytes bytes;
  uint32_t at;
} activation;

typedef struct engine {
  vmo_context *context;
  vmo_module *module;
  const vmo_binding *binding;
  const vmo_evaluate_options *options;
  vmo_evaluate_result *result;
  vmr_arena *memory; /* the stack and the sizes of types */
  vmr_arena *scratch;
  const int64_t **type_sizes; /* by type; NULL until asked for */
  VMO_VEC(activation) stack;
  vmo_bytes bytes; /* of all activations */
  vmo_status status;
} engine;

static bool fail(engine *e, vmo_status status) {
  e->status = status;
  return false;
}

static bool fail_at(engine *e, vmo_diag_code code, const vmo_op *op, const char *hint, const char *message) {
  vmo_diag_hint(e->context, vmo_diag_add(e->context, code, op->location, "%s", message), "%s", hint);
  return fail(e, VMO_INPUT_ERROR);
}

/* ---- arrays ---- */

static bool evaluate_size(const vmo_module *module, vmo_size_id size, const vmo_binding *binding, int64_t *number) {
  vmo_interval value;
  if (vmo_size_evaluate(module->sizes, size, binding, &value) != VMO_EVALUATION_EXACT) return false;
  *number = value.low;
  return true;
}

static const int64_t *make_sizes(const vmo_module *module, const vmo_type *type, const vmo_binding *binding,
                                 vmr_arena *arena) {
  int64_t *sizes = vmr_arena_alloc_array(arena, (size_t)type->rank + 1, sizeof *sizes);
  for (uint32_t i = 0; sizes != NULL && i < type->rank; i++)
    if (!evaluate_size(module, module->shapes.data[type->shape_first + i], binding, &sizes[i])) return NULL;
  return sizes;
}

static bool describe(const vmo_module *module, const vmo_type *type, const vmo_binding *binding, const int64_t *sizes,
                     vmo_array *array) {
  *array = (vmo_array){.element = type->element, .rank = type->rank, .sizes = sizes};
  return sizes != NULL && evaluate_size(module, type->count, binding, &array->count);
}

static vmo_bytes bytes_of(const vmo_array *array) { return array->count * vmo_element_bytes(array->element); }

static bool give_bytes(vmo_array *array, vmr_arena *arena) {
  array->data = vmr_arena_alloc_aligned(arena, (size_t)bytes_of(array), 64);
  if (array->data != NULL) memset(array->data, 0, (size_t)bytes_of(array));
  return array->data != NULL;
}

bool vmo_make_array(const vmo_module *module, vmo_type_id type, const vmo_binding *binding, vmr_arena *arena,
                    vmo_array *array) {
  const vmo_type *described = &module->types.data[type];
  const int64_t *sizes = make_sizes(module, described, binding, arena);
  return describe(module, described, binding, sizes, array) && give_bytes(array, arena);
}

static bool describe_value(engine *e, vmo_type_id id, vmo_array *array) {
  const vmo_type *type = &e->module->types.data[id];
  if (e->type_sizes[id] == NULL) e->type_sizes[id] = make_sizes(e->module, type, e->binding, e->memory);
  return describe(e->module, type, e->binding, e->type_sizes[id], array) || fail(e, VMO_OUT_OF_MEMORY);
}

static void assign(vmo_array *to, const vmo_array *from) {
  if (to->count > 0) memcpy(to->data, from->data, (size_t)bytes_of(to));
}

/* ---- operands ---- */

static vmo_number literal_number(const vmo_literal *literal) {
  vmo_element element = literal->element;
  if (literal->kind == VMO_LITERAL_REAL) return vmo_number_of_real(element, literal->value.real);
  if (literal->kind == VMO_LITERAL_BOOL) return (vmo_number){.natural = literal->value.bits};
  vmo_number magnitude = {.natural = literal->value.bits};
  if (!vmo_element_is_float(element))
    return vmo_convert(VMO_U64, literal->negative ? (vmo_number){.natural = 0 - magnitude.natural} : magnitude,
                       element);
  double real = vmo_convert(VMO_U64, magnitude, element).real;
  return (vmo_number){.real = literal->negative ? -real : real};
}

/* The array of an operand; a literal's or a dim's lies in the scratch arena. */
static bool read_operand(engine *e, const activation *a, const vmo_operand *operand, vmo_array *array) {
  if (operand->kind == VMO_OPERAND_VALUE) {
    *array = a->values[operand->index];
    return true;
  }
  const vmo_literal *literal = &a->function->literals.data[operand->index];
  bool is_literal = operand->kind == VMO_OPERAND_LITERAL;
  *array = (vmo_array){.element = is_literal ? literal->element : VMO_I64, .count = 1};
  if (!give_bytes(array, e->scratch)) return fail(e, VMO_OUT_OF_MEMORY);
  vmo_number number = {.integer = 0};
  if (is_literal)
    number = literal_number(literal);
  else if (!evaluate_size(e->module, operand->index, e->binding, &number.integer))
    return fail(e, VMO_INPUT_ERROR);
  vmo_store(array->element, array->data, 0, number);
  return true;
}

/* All operands of an op, in the scratch arena. */
static vmo_array *read_operands(engine *e, const activation *a, const vmo_op *op) {
  vmo_array *arrays = vmr_arena_alloc_array(e->scratch, (size_t)op->operand_count + 1, sizeof *arrays);
  if (arrays == NULL) fail(e, VMO_OUT_OF_MEMORY);
  const vmo_operand *operands = vmo_op_operands(a->function, op);
  for (uint32_t i = 0; arrays != NULL && i < op->operand_count; i++)
    if (!read_operand(e, a, &operands[i], &arrays[i])) return NULL;
  return arrays;
}

static bool read_integer(engine *e, const activation *a, const vmo_op *op, uint32_t index, int64_t *integer) {
  vmo_array array;
  if (!read_operand(e, a, vmo_op_operands(a->function, op) + index, &array)) return false;
  *integer = vmo_get(&array, 0).integer;
  return true;
}

/* ---- activations ---- */

static activation *top(engine *e) { return &e->stack.data[e->stack.count - 1]; }

static bool make_values(engine *e, activation *a, const vmo_array *arguments) {
  const vmo_function *function = a->function;
  a->values = vmr_arena_alloc_array(a->memory, (size_t)function->values.count + 1, sizeof *a->values);
  if (a->values == NULL) return fail(e, VMO_OUT_OF_MEMORY);
  for (uint32_t i = 0; i < function->values.count; i++) {
    vmo_array *value = &a->values[i];
    bool shared = i < function->parameters.count && arguments[i].rank > 0;
    if (!describe_value(e, function->values.data[i].type, value)) return false;
    value->data = shared ? arguments[i].data : NULL;
    if (shared) continue; /* no op writes a parameter */
    if (!give_bytes(value, a->memory)) return fail(e, VMO_OUT_OF_MEMORY);
    e->result->buffer_count++;
    if (i < function->parameters.count) assign(value, &arguments[i]);
    a->bytes += bytes_of(value);
  }
  return true;
}

/* `arguments` outlive the activation, scalars apart. */
static bool enter(engine *e, const vmo_function *function, const vmo_array *arguments) {
  activation a = {.function = function, .memory = vmr_arena_create(0)};
  if (a.memory == NULL || !vmo_vec_push(e->memory, &e->stack, a)) {
    vmr_arena_destroy(a.memory);
    return fail(e, VMO_OUT_OF_MEMORY);
  }
  if (!make_values(e, top(e), arguments)) return false;
  e->bytes += top(e)->bytes;
  if (e->bytes > e->result->largest_bytes) e->result->largest_bytes = e->bytes;
  return true;
}

static void leave(engine *e) {
  e->bytes -= top(e)->bytes;
  vmr_arena_destroy(top(e)->memory);
  e->stack.count--;
}

/* ---- control flow ---- */

static const vmo_region *region_of(const activation *a, const vmo_op *op, uint32_t index) {
  return &a->function->regions.data[op->region_first + index];
}

/* The op after an op and its regions. */
static uint32_t after(const activation *a, const vmo_op *op) {
  if (op->region_count == 0) return (uint32_t)(op - a->function->ops.data) + 1;
  return region_of(a, op, op->region_count - 1)->op_end;
}

/* Assigns operands [first, ...) of `op` to values [to, to + count). */
static bool assign_operands(engine *e, activation *a, const vmo_op *op, uint32_t first, uint32_t to, uint32_t count) {
  const vmo_operand *operands = vmo_op_operands(a->function, op) + first;
  vmo_array from;
  for (uint32_t i = 0; i < count; i++) {
    if (!read_operand(e, a, &operands[i], &from)) return false;
    assign(&a->values[to + i], &from);
  }
  return true;
}

/* Hands the carried values from the results' buffers to the region's last arguments, and starts it. */
static void start_trip(activation *a, const vmo_op *op) {
  const vmo_region *region = region_of(a, op, 0);
  uint32_t carried = region->argument_first + region->argument_count - op->result_count;
  for (uint32_t i = 0; i < op->result_count; i++) assign(&a->values[carried + i], &a->values[op->result_first + i]);
  a->at = region->op_first;
}

static void tell_progress(engine *e, const activation *a, const vmo_op *op, int64_t i, int64_t high) {
  int64_t low;
  if (!read_integer(e, a, op, 0, &low)) return;
  e->options->progress(e->options->progress_user, (uint64_t)i - (uint64_t)low, (uint64_t)high - (uint64_t)low);
}

/* Index `i` of a `for`: another trip when it is below the bound. */
static bool count_trip(engine *e, activation *a, const vmo_op *op, int64_t i) {
  int64_t high;
  if (!read_integer(e, a, op, 1, &high)) return false;
  if (i >= high) {
    a->at = after(a, op);
    return true;
  }
  vmo_put(&a->values[region_of(a, op, 0)->argument_first], 0, (vmo_number){.integer = i});
  if (e->options->progress != NULL && e->stack.count == 1 && op->region == 0) tell_progress(e, a, op, i, high);
  start_trip(a, op);
  return true;
}

static bool begin_for(engine *e, activation *a, const vmo_op *op) {
  int64_t low;
  return assign_operands(e, a, op, 2, op->result_first, op->result_count) && read_integer(e, a, op, 0, &low) &&
         count_trip(e, a, op, low);
}

static bool next_trip(engine *e, activation *a, const vmo_op *op) {
  int64_t step = vmo_op_integer(e->module, a->function, op, "step", 1);
  int64_t i = vmo_get(&a->values[region_of(a, op, 0)->argument_first], 0).integer;
  if (i <= INT64_MAX - step) return count_trip(e, a, op, i + step);
  a->at = after(a, op);
  return true;
}

static bool begin_while(engine *e, activation *a, const vmo_op *op) {
  if (!assign_operands(e, a, op, 0, op->result_first, op->result_count)) return false;
  start_trip(a, op);
  return true;
}

static bool end_condition(engine *e, activation *a, const vmo_op *op, const vmo_op *owner) {
  vmo_array go;
  if (!read_operand(e, a, vmo_op_operands(a->function, op), &go)) return false;
  a->at = vmo_get(&go, 0).natural ? region_of(a, owner, 1)->op_first : after(a, owner);
  return true;
}

static bool begin_if(engine *e, activation *a, const vmo_op *op) {
  vmo_array condition;
  if (!read_operand(e, a, vmo_op_operands(a->function, op), &condition)) return false;
  uint32_t branch = vmo_get(&condition, 0).natural ? 0 : 1;
  a->at = branch < op->region_count ? region_of(a, op, branch)->op_first : after(a, op);
  return true;
}

/* The end of a stream: its yields stand behind those of the streams before it. */
static bool end_stream(engine *e, activation *a, const vmo_op *op, const vmo_op *owner) {
  uint32_t first = owner->result_first, stream = op->region - owner->region_first;
  for (uint32_t i = 0; i < stream; i++) {
    const vmo_op *end = &a->function->ops.data[region_of(a, owner, i)->op_end - 1];
    first += end->operand_count;
  }
  if (!assign_operands(e, a, op, 0, first, op->operand_count)) return false;
  a->at = stream + 1 < owner->region_count ? region_of(a, owner, stream + 1)->op_first : after(a, owner);
  return true;
}

static bool end_region(engine *e, activation *a, const vmo_op *op) {
  const vmo_region *region = &a->function->regions.data[op->region];
  const vmo_op *owner = &a->function->ops.data[region->owner];
  if (region->kind == VMO_REGION_STREAM) return end_stream(e, a, op, owner);
  if (!assign_operands(e, a, op, 0, owner->result_first, op->operand_count)) return false;
  if (region->kind == VMO_REGION_FOR) return next_trip(e, a, owner);
  if (region->kind == VMO_REGION_DO)
    start_trip(a, owner);
  else
    a->at = after(a, owner);
  return true;
}

/* ---- calls ---- */

static bool begin_call(engine *e, activation *a, const vmo_op *op) {
  uint32_t limit = e->options->call_limit != 0 ? e->options->call_limit : 10000;
  if (e->stack.count >= limit)
    return fail_at(e, VMO_DIAG_CALL_DEPTH, op, "does the recursion end?", "calls are nested too deep");
  vmo_array *arguments = read_operands(e, a, op);
  return arguments != NULL && enter(e, e->module->functions.data[op->callee], arguments);
}

static bool end_call(engine *e, activation *a, const vmo_op *op) {
  if (e->stack.count == 1) {
    vmo_array from;
    for (uint32_t i = 0; i < op->operand_count; i++) {
      if (!read_operand(e, a, vmo_op_operands(a->function, op) + i, &from)) return false;
      assign(&e->result->results[i], &from);
    }
  } else {
    activation *caller = a - 1;
    const vmo_op *call = &caller->function->ops.data[caller->at];
    vmo_array from;
    for (uint32_t i = 0; i < call->result_count; i++) {
      if (!read_operand(e, a, vmo_op_operands(a->function, op) + i, &from)) return false;
      assign(&caller->values[call->result_first + i], &from);
    }
    caller->at++;
  }
  leave(e);
  return true;
}

/* ---- plain ops ---- */

/* What the declaration asks for, in the scratch arena; NULL when memory is out. */
static void *make_workspace(engine *e, const vmo_op *op) {
  vmo_size_id size = vmo_op_workspace(e->module, top(e)->function, op);
  int64_t bytes;
  if (size == VMO_NONE || !evaluate_size(e->module, size, e->binding, &bytes)) return NULL;
  return vmr_arena_alloc_aligned(e->scratch, (size_t)bytes, 64);
}

static bool run_declared(engine *e, const vmo_op *op, const vmo_array *operands, vmo_array *results) {
  const char *name = vmo_name(e->module, e->module->declarations.data[op->callee].name);
  if (e->options->declared == NULL)
    return fail_at(e, VMO_DIAG_NO_KERNEL, op, "give the engine a function that runs declared ops",
                   "a declared op has no kernel here");
  void *workspace = make_workspace(e, op);
  if (workspace == NULL) return fail(e, VMO_OUT_OF_MEMORY);
  if (e->options->declared(e->options->user, e->context, name, operands, op->operand_count, results, op->result_count,
                           workspace))
    return true;
  return fail_at(e, VMO_DIAG_NO_KERNEL, op, "its kernel refused", "a declared op failed");
}

/* The body of a declared op runs as a function does; its `return` leads back. */
static bool run_body(engine *e, activation *a, const vmo_op *op, const vmo_function *body) {
  vmo_array *arguments = read_operands(e, a, op);
  return arguments != NULL && enter(e, body, arguments);
}

static bool run_plain(engine *e, activation *a, const vmo_op *op) {
  vmo_array *operands = read_operands(e, a, op), *results = &a->values[op->result_first];
  if (operands == NULL) return false;
  for (uint32_t i = 0; i < op->result_count; i++)
    if (results[i].count > 0) memset(results[i].data, 0, (size_t)bytes_of(&results[i]));
  a->at++;
  if (op->code == VMO_OP_declared) return run_declared(e, op, operands, results);
  vmo_run run = {.context = e->context,
                 .module = e->module,
                 .function = a->function,
                 .binding = e->binding,
                 .op = op,
                 .operands = operands,
                 .results = results,
                 .scratch = e->scratch};
  if (vmo_find_kernel((vmo_opcode)op->code)(&run)) return true;
  return fail(e, vmr_arena_status(e->scratch) != VMR_OK ? VMO_OUT_OF_MEMORY : VMO_INPUT_ERROR);
}

static bool run_op(engine *e) {
  activation *a = top(e);
  const vmo_op *op = &a->function->ops.data[a->at];
  switch (op->code) {
  case VMO_OP_for: return begin_for(e, a, op);
  case VMO_OP_while: return begin_while(e, a, op);
  case VMO_OP_if: return begin_if(e, a, op);
  case VMO_OP_parallel: a->at = op->region_count > 0 ? region_of(a, op, 0)->op_first : after(a, op); return true;
  case VMO_OP_yield: return end_region(e, a, op);
  case VMO_OP_condition:
    return end_condition(e, a, op, &a->function->ops.data[a->function->regions.data[op->region].owner]);
  case VMO_OP_call: return begin_call(e, a, op);
  case VMO_OP_return: return end_call(e, a, op);
  case VMO_OP_declared: {
    const vmo_function *body = e->module->declarations.data[op->callee].body;
    return body != NULL ? run_body(e, a, op, body) : run_plain(e, a, op);
  }
  default: return run_plain(e, a, op);
  }
}

static bool run_all(engine *e) {
  while (e->stack.count > 0) {
    const vmo_op *op = &top(e)->function->ops.data[top(e)->at];
    if (e->options->op_limit != 0 && e->result->op_count >= e->options->op_limit)
      return fail_at(e, VMO_DIAG_OP_LIMIT, op, "does the loop end?", "the limit of ops is reached");
    e->result->op_count++;
    if (!run_op(e)) return false;
    if (vmr_arena_used_bytes(e->scratch) > 0) vmr_arena_reset(e->scratch);
  }
  return true;
}

/* ---- the whole ---- */

static bool is_of_type(engine *e, vmo_type_id type, const vmo_array *array) {
  vmo_array wanted;
  if (!describe_value(e, type, &wanted)) return false;
  bool same = wanted.element == array->element && wanted.rank == array->rank && wanted.count == array->count;
  for (uint32_t i = 0; same && i < wanted.rank; i++) same = wanted.sizes[i] == array->sizes[i];
  return same;
}

static bool check_arguments(engine *e, const vmo_function *function, const vmo_array *arguments) {
  for (uint32_t i = 0; i < function->parameters.count; i++) {
    const vmo_value *parameter = &function->values.data[i];
    if (is_of_type(e, parameter->type, &arguments[i])) continue;
    if (e->status != VMO_OK) return false;
    vmo_diag_add(e->context, VMO_DIAG_ARGUMENT_TYPE, parameter->location, "the argument for %%%s has another type",
                 vmo_name(e->module, parameter->name));
    return fail(e, VMO_INPUT_ERROR);
  }
  return true;
}

/* The results' types, then those of the states. */
static bool make_results(engine *e, const vmo_function *function) {
  vmo_evaluate_result *result = e->result;
  uint32_t count = function->result_types.count + function->parameters.count;
  vmr_arena *arena = e->options->results != NULL ? e->options->results : e->context->arena;
  result->results = vmr_arena_alloc_array(arena, (size_t)count + 1, sizeof *result->results);
  if (result->results == NULL) return fail(e, VMO_OUT_OF_MEMORY);
  for (uint32_t i = 0; i < count; i++) {
    bool state = i >= function->result_types.count;
    uint32_t parameter = i - function->result_types.count;
    if (state && !function->parameters.data[parameter].state) continue;
    vmo_type_id type = state ? function->values.data[parameter].type : function->result_types.data[i];
    vmo_array *array = &result->results[result->result_count++];
    if (!vmo_make_array(e->module, type, e->binding, arena, array)) return fail(e, VMO_OUT_OF_MEMORY);
  }
  return true;
}

static bool evaluate(engine *e, vmo_function_id id, const vmo_array *arguments) {
  const vmo_function *function = e->module->functions.data[id];
  if (e->memory == NULL || e->scratch == NULL) return fail(e, VMO_OUT_OF_MEMORY);
  e->type_sizes = vmr_arena_alloc_array(e->memory, (size_t)e->module->types.count + 1, sizeof *e->type_sizes);
  if (e->type_sizes == NULL) return fail(e, VMO_OUT_OF_MEMORY);
  return check_arguments(e, function, arguments) && make_results(e, function) && enter(e, function, arguments) &&
         run_all(e);
}

vmo_status vmo_evaluate_function(vmo_module *module, vmo_function_id function, const vmo_binding *binding,
                                 const vmo_array *arguments, const vmo_evaluate_options *options,
                                 vmo_evaluate_result *result) {
  static const vmo_evaluate_options defaults = {0};
  engine e = {.context = module->context, .module = module, .binding = binding, .result = result};
  e.options = options != NULL ? options : &defaults;
  e.memory = vmr_arena_create(0);
  e.scratch = vmr_arena_create(0);
  *result = (vmo_evaluate_result){0};
  evaluate(&e, function, arguments);
  while (e.stack.count > 0) leave(&e);
  vmr_arena_destroy(e.memory);
  vmr_arena_destroy(e.scratch);
  return e.status;
}
