/* parse.h: what the parts of the parser share; private to ir/parse*.c.
 *
 * Each part reads from the current token on and returns false after it has reported what is wrong. The nearest
 * statement (or item, at the top) then skips to where the next one begins, so that one fault gives one message:
 *
 *   parse.c             the file: dims, declared ops, functions; callees at the end
 *   parse_function.c    heads of functions and declarations
 *   parse_body.c        statements and regions, with a stack of open regions
 *   parse_control.c     for, while, if, parallel: heads, and what follows their regions
 *   parse_operand.c     values, literals, and what to say of unknown names
 *   parse_type.c        size expressions and types
 *   parse_attribute.c   braces
 *   parse_plan.c        the plan within braces
 *   parse_token.c       tokens, expectations, recovery */
#ifndef VMO_IR_PARSE_H
#define VMO_IR_PARSE_H

#include "ir/ir.h"
#include "ir/lex.h"
#include "ir/module_index.h"

#define VMO_POISONED (VMO_NONE - 1) /* stands for a value whose definition is wrong: its uses are not reported */

typedef struct vmo_named {
  vmr_symbol name;
  vmo_location location;
} vmo_named;

/* An attribute and whom it is for, as long as that does not exist yet. */
typedef struct vmo_parsed_attribute {
  vmo_attribute attribute; /* item_first is into vmo_parser.items */
  vmo_value_id parameter;  /* in a head: the parameter whose plan it is */
} vmo_parsed_attribute;

/* An open region, or the braces around the streams of a `parallel`. */
typedef struct vmo_frame {
  vmo_region_kind kind;
  bool is_parallel;    /* the braces around streams; kind does not count */
  bool damaged;        /* a statement in it was wrong, so that its end is not judged */
  uint32_t op;         /* the op that it belongs to; VMO_NONE for the body */
  vmo_location opened; /* its left brace */
} vmo_frame;

/* A type that was read before. */
typedef struct vmo_spelled_type {
  const char *text;
  size_t length; /* 0: none */
  vmo_type_id type;
} vmo_spelled_type;

/* A use of a function or declared op, which may come later in the text. */
typedef struct vmo_pending_callee {
  vmo_function *function;
  uint32_t op;
  vmr_symbol name;
  vmo_location location;
} vmo_pending_callee;

typedef struct vmo_parser {
  vmo_context *context;
  vmo_module *module;
  vmo_lexer lexer;
  vmo_token token;    /* the current one; the lexer stands behind it */
  const char *behind; /* the end of the token before it */
  vmo_location behind_location;
  vmo_location start; /* of the statement or item at hand */
  vmo_spelled_type last_type;
  bool out_of_memory;
  bool end_reported;   /* that the file ends too early has been said */
  bool inside_braces;  /* of attributes: a `}` on the same line closes them, not a region */
  bool in_declaration; /* unknown words in sizes become local dims */

  VMO_VEC(uint16_t) opcodes;  /* by symbol; VMO_OPCODE_COUNT: no op */
  VMO_VEC(uint32_t) reported; /* symbols of functions and ops that were reported as unknown */
  VMO_VEC(vmo_pending_callee) callees;

  /* the function at hand */
  vmo_function *function;
  VMO_VEC(vmo_frame) frames;
  bool has_plan;
  VMO_VEC(vmo_value_plan) value_plans; /* as far as any was given */
  VMO_VEC(vmo_op_plan) op_plans;
  VMO_VEC(vmo_size_id) callee_offsets;

  /* the statement at hand */
  VMO_VEC(vmo_named) names; /* of its results */
  VMO_VEC(vmo_named) arguments;
  VMO_VEC(vmo_operand) operands;
  VMO_VEC(vmo_type_id) types;
  VMO_VEC(vmo_parsed_attribute) attributes;
  VMO_VEC(vmo_attribute_item) items;
  VMO_VEC(vmo_size_id) shape;
  VMO_VEC(vmr_symbol) symbols;     /* scratch of append */
  VMO_VEC(vmo_location) locations; /* likewise */
} vmo_parser;

/* Appends to one of the parser's arrays; false, with the parser's mark set, when memory is out. */
#define vmo_parser_push(parser, vec, item) \
  (vmo_vec_push((parser)->context->arena, (vec), (item)) ? true : ((parser)->out_of_memory = true, false))

/* ---- parse_token.c ---- */

void vmo_parse_advance(vmo_parser *parser);
/* The token after the current one. */
vmo_token vmo_parse_peek(const vmo_parser *parser);
bool vmo_parse_is_word(const vmo_token *token, const char *word);
/* Takes the current token if it is of that kind, or that word. */
bool vmo_parse_accept(vmo_parser *parser, vmo_token_kind kind);
bool vmo_parse_accept_word(vmo_parser *parser, const char *word);
/* The same, or "expected <what>, found ..."; `what` is as shown to people: "`=`", "a type". False. */
bool vmo_parse_expect(vmo_parser *parser, vmo_token_kind kind, const char *what);
bool vmo_parse_expect_word(vmo_parser *parser, const char *word);
bool vmo_parse_fail_expected(vmo_parser *parser, const char *what);
/* The token's text, NUL-terminated, and its symbol; NULL and 0 when memory is out. */
const char *vmo_parse_text(vmo_parser *parser, const vmo_token *token);
vmr_symbol vmo_parse_symbol(vmo_parser *parser, const vmo_token *token);
/* A whole number within low .. high, which is `what`: "an offset". */
bool vmo_parse_integer(vmo_parser *parser, const char *what, int64_t low, int64_t high, int64_t *number);
/* Skips to the next line, past whole braces, or to the `}` that ends the region at hand. */
void vmo_parse_skip_statement(vmo_parser *parser);
/* Skips to the next line that starts with `dim`, `op` or `func`. */
void vmo_parse_skip_item(vmo_parser *parser);
bool vmo_parse_at_item(const vmo_parser *parser);
bool vmo_parse_same_place(vmo_location left, vmo_location right);

/* ---- parse_type.c ---- */

bool vmo_parse_size(vmo_parser *parser, vmo_size_id *size);
bool vmo_parse_type(vmo_parser *parser, vmo_type_id *type);
/* One type, or several in parentheses, appended to parser->types. */
bool vmo_parse_type_list(vmo_parser *parser);
/* `-> types`, if it is there; parser->types is empty before. */
bool vmo_parse_arrow_types(vmo_parser *parser);
/* The dim of that name: a declared one, or within a declaration a local one, made when needed; else VMO_NONE. */
vmo_dim_id vmo_parse_find_dim(const vmo_parser *parser, vmr_symbol symbol);

/* ---- parse_operand.c ---- */

bool vmo_parse_operand(vmo_parser *parser, vmo_operand *operand);
bool vmo_parse_starts_operand(const vmo_parser *parser);
/* Operands separated by commas, appended to parser->operands. */
bool vmo_parse_operands(vmo_parser *parser);
/* The value that the current token names, or VMO_POISONED; false when there is none. Takes the token. */
bool vmo_parse_value(vmo_parser *parser, vmo_value_id *value);
/* Reserves names for values that are about to be made, the first one with the id `first`. False when one is taken. */
bool vmo_parse_define(vmo_parser *parser, const vmo_named *names, uint32_t count, vmo_value_id first);

/* ---- parse_attribute.c ---- */

/* `{name = item, ...}`, appended to parser->attributes and ->items. */
bool vmo_parse_braces(vmo_parser *parser);

/* ---- parse_plan.c ---- */

bool vmo_parse_is_plan_key(const vmo_parser *parser, vmr_symbol name);
/* `plan {...}`, if it is there. */
bool vmo_parse_plan(vmo_parser *parser);
/* What the plan's keys among parser->attributes say of op `op` and its `count` results from `first` on. */
bool vmo_parse_place_op(vmo_parser *parser, vmo_value_id first, uint32_t count, uint32_t op);
/* What they say of the parameters, behind a head's `plan {...}`. */
bool vmo_parse_place_parameters(vmo_parser *parser);
/* Hands the finished plan to the function. */
bool vmo_parse_finish_plan(vmo_parser *parser);

/* ---- parse_function.c ---- */

bool vmo_parse_declaration(vmo_parser *parser);
bool vmo_parse_function(vmo_parser *parser);

/* ---- parse_body.c, parse_control.c ---- */

/* Statements up to the body's right brace. */
void vmo_parse_body(vmo_parser *parser, vmo_location opened);
/* Names, types and number of results agree; their names are taken. */
bool vmo_parse_take_results(vmo_parser *parser, vmo_location location);
/* Appends an op with parser->names, ->operands, ->types; its index, or VMO_NONE when memory is out. */
uint32_t vmo_parse_append(vmo_parser *parser, vmo_opcode code, vmo_location location);
bool vmo_parse_end_statement(vmo_parser *parser);
/* Opens a region of op `op` whose left brace has been read. */
bool vmo_parse_open_region(vmo_parser *parser, uint32_t op, vmo_region_kind kind, vmo_location opened);
/* A for, while, if or parallel from behind its word up to its left brace. */
bool vmo_parse_control(vmo_parser *parser, vmo_opcode code, vmo_location location);
/* Behind the right brace of a region, or of a `parallel`: opens the op's next region if there is one. */
bool vmo_parse_continue(vmo_parser *parser, vmo_frame closed);
/* Within the braces of a `parallel`: opens a stream. */
bool vmo_parse_stream(vmo_parser *parser, uint32_t op);

#endif
