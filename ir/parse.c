/* parse.c: VMIR text to a module, in one pass over the text and time proportional to it.
 *
 * Dims are gathered first, from all lines that start with `dim`, so that they count in the whole file. Functions and
 * declared ops may be used before they are declared: uses are noted, and resolved at the end. All messages are put
 * in the order of their places. */
#include "ir/parse.h"

#include <inttypes.h>
#include <string.h>

/* ---- dims ---- */

static bool parse_dim_limit(vmo_parser *parser, vmo_dim_kind *kind, int64_t *limit) {
  *kind = VMO_DIM_FREE;
  *limit = 0;
  if (parser->token.starts_line) return true;
  if (vmo_parse_accept(parser, VMO_TOKEN_AT_MOST))
    *kind = VMO_DIM_BOUNDED;
  else if (vmo_parse_accept(parser, VMO_TOKEN_EQUALS))
    *kind = VMO_DIM_FIXED;
  else
    return parser->token.kind == VMO_TOKEN_END || vmo_parse_fail_expected(parser, "`<=`, `=` or the end of the line");
  return vmo_parse_integer(parser, "a size", 0, VMO_BYTES_LIMIT - 1, limit);
}

/* A dim whose limit is wrong is declared all the same, so that its uses are not reported. */
static bool parse_dim(vmo_parser *parser) {
  vmo_token name = parser->token;
  vmo_dim_kind kind;
  int64_t limit;
  if (name.starts_line || name.kind != VMO_TOKEN_WORD)
    return vmo_parse_fail_expected(parser, "the dim's name (`dim N <= 1000`)");
  const char *text = vmo_parse_text(parser, &name);
  parser->start = name.location;
  vmo_parse_advance(parser);
  bool good = parse_dim_limit(parser, &kind, &limit);
  if (text == NULL || vmo_build_dim(parser->module, text, kind, limit, name.location) == VMO_NONE) return false;
  if (!good || parser->token.starts_line || parser->token.kind == VMO_TOKEN_END) return good;
  return vmo_parse_fail_expected(parser, "the end of the line");
}

/* Reads the dims of all lines that start with `dim`. */
static void gather_dims(vmo_parser *parser) {
  vmo_lexer lexer = parser->lexer;
  uint32_t line = 1;
  for (const char *start = lexer.at; start < lexer.end; line++) {
    const char *newline = memchr(start, '\n', (size_t)(lexer.end - start)), *word = start;
    const char *end = newline == NULL ? lexer.end : newline;
    while (word < end && (*word == ' ' || *word == '\t')) word++;
    if (end - word >= 3 && memcmp(word, "dim", 3) == 0) {
      parser->lexer = (vmo_lexer){word, lexer.end, line == 1 ? lexer.line_start : start, line, true};
      vmo_parse_advance(parser);
      if (vmo_parse_accept_word(parser, "dim")) (void)parse_dim(parser);
    }
    start = newline == NULL ? lexer.end : newline + 1;
  }
  parser->lexer = lexer;
}

/* ---- items ---- */

static bool parse_item(vmo_parser *parser) {
  parser->start = parser->token.location;
  if (!parser->token.starts_line) return vmo_parse_fail_expected(parser, "the end of the line");
  if (vmo_parse_accept_word(parser, "func")) return vmo_parse_function(parser);
  if (vmo_parse_accept_word(parser, "op")) return vmo_parse_declaration(parser);
  return vmo_parse_fail_expected(parser, "`dim`, `op` or `func`");
}

static void parse_items(vmo_parser *parser) {
  while (parser->token.kind != VMO_TOKEN_END && !parser->out_of_memory) {
    bool is_dim = parser->token.starts_line && vmo_parse_is_word(&parser->token, "dim");
    if (is_dim) {
      uint32_t line = parser->token.location.line; /* read before */
      while (parser->token.kind != VMO_TOKEN_END && parser->token.location.line == line) vmo_parse_advance(parser);
    } else if (!parse_item(parser) && !vmo_parse_at_item(parser) && parser->token.kind != VMO_TOKEN_END) {
      vmo_parse_skip_item(parser);
    }
  }
}

/* ---- callees ---- */

static const char *find_nearest_callable(vmo_parser *parser, bool is_call, const char *name) {
  const vmo_module *module = parser->module;
  uint32_t count = is_call ? module->functions.count : module->declarations.count;
  const char **names = vmo_alloc(parser->context, (count + 1) * sizeof *names);
  for (uint32_t i = 0; names != NULL && i < count; i++)
    names[i] = vmo_name(module, is_call ? module->functions.data[i]->name : module->declarations.data[i].name);
  return names == NULL ? NULL : vmo_nearest_word(name, names, count);
}

static void report_callee(vmo_parser *parser, const vmo_pending_callee *pending, bool is_call, uint32_t found) {
  vmo_context *context = parser->context;
  const char *name = vmo_name(parser->module, pending->name);
  vmo_diagnostic *diagnostic =
      found != VMO_NONE ? vmo_diag_add(context, VMO_DIAG_UNKNOWN_CALLEE, pending->location, "@%s is %s", name,
                                       is_call ? "a declared op, not a function" : "a function, not a declared op")
                        : vmo_diag_add(context, VMO_DIAG_UNKNOWN_CALLEE, pending->location, "there is no %s @%s",
                                       is_call ? "function" : "declared op", name);
  if (diagnostic == NULL) return;
  const char *nearest = found != VMO_NONE ? NULL : find_nearest_callable(parser, is_call, name);
  if (found != VMO_NONE)
    vmo_diag_hint(context, diagnostic, is_call ? "write it as an op: @%s %%x : ..." : "write: call @%s(...)", name);
  else if (nearest != NULL)
    vmo_diag_hint(context, diagnostic, "did you mean @%s?", nearest);
  else if (!is_call)
    vmo_diag_hint(context, diagnostic, "declare it: op @%s(%%x: f64[n]) -> f64[n]", name);
}

static bool was_reported(const vmo_parser *parser, vmr_symbol name) {
  for (uint32_t i = 0; i < parser->reported.count && i < VMO_MAX_ERRORS; i++)
    if (parser->reported.data[i] == name) return true;
  return false;
}

static void resolve_callees(vmo_parser *parser) {
  for (uint32_t i = 0; i < parser->callees.count; i++) {
    const vmo_pending_callee *pending = &parser->callees.data[i];
    vmo_op *op = &pending->function->ops.data[pending->op];
    bool is_call = op->code == VMO_OP_call;
    uint32_t found = vmo_index_find(parser->module, VMO_NAME_CALLABLE, pending->name);
    if (found != VMO_NONE && (found % 2 == 0) == is_call) {
      op->callee = found / 2;
    } else if (!was_reported(parser, pending->name)) {
      report_callee(parser, pending, is_call, found);
      if (!vmo_parser_push(parser, &parser->reported, pending->name)) return;
    }
  }
}

/* ---- the whole ---- */

/* opcodes[symbol] for the name of each op; of two ops of one name, the first. */
static bool index_opcodes(vmo_parser *parser) {
  for (int code = VMO_OPCODE_COUNT - 1; code >= 0; code--) {
    const char *name = vmo_op_get_info((vmo_opcode)code)->name;
    vmr_symbol symbol = vmr_interner_add(parser->context->names, name, strlen(name));
    if (symbol == 0) return false;
    while (parser->opcodes.count <= symbol)
      if (!vmo_parser_push(parser, &parser->opcodes, VMO_OPCODE_COUNT)) return false;
    parser->opcodes.data[symbol] = (uint16_t)code;
  }
  return true;
}

/* A stable insertion sort: the list holds few, and they come nearly sorted. */
static void sort_diagnostics(vmo_diagnostics *list, uint32_t first) {
  for (uint32_t i = first + 1; i < list->count; i++) {
    vmo_diagnostic moved = list->items[i];
    uint32_t j = i;
    for (; j > first; j--) {
      vmo_location before = list->items[j - 1].location;
      if (before.line < moved.location.line ||
          (before.line == moved.location.line && before.column <= moved.location.column))
        break;
      list->items[j] = list->items[j - 1];
    }
    list->items[j] = moved;
  }
}

static void parse_text(vmo_parser *parser) {
  vmo_context *context = parser->context;
  uint32_t first = context->diagnostics->count, errors = context->diagnostics->errors;
  parser->lexer = vmo_lex_start(context->source_text, context->source_length);
  gather_dims(parser);
  vmo_parse_advance(parser);
  parse_items(parser);
  resolve_callees(parser);
  if (parser->module->functions.count == 0 && context->diagnostics->errors == errors)
    vmo_diag_hint(context,
                  vmo_diag_add(context, VMO_DIAG_EMPTY_INPUT, parser->token.location, "there is no function here"),
                  "a program has at least one: func @main() { return }");
  sort_diagnostics(context->diagnostics, first);
}

vmo_status vmo_parse_module(vmo_context *context, vmo_module **module) {
  uint32_t errors = context->diagnostics->errors;
  vmo_parser *parser = vmo_alloc_array(context, 1, sizeof *parser);
  *module = NULL;
  if (parser == NULL) return VMO_OUT_OF_MEMORY;
  parser->context = context;
  parser->module = vmo_module_create(context);
  if (parser->module == NULL || !index_opcodes(parser)) return VMO_OUT_OF_MEMORY;
  parse_text(parser);
  if (parser->out_of_memory || vmr_arena_status(context->arena) != VMR_OK) return VMO_OUT_OF_MEMORY;
  if (context->diagnostics->errors > errors) return VMO_INPUT_ERROR;
  vmo_status status = vmo_verify_module(parser->module);
  if (status == VMO_OK) *module = parser->module;
  return status;
}
