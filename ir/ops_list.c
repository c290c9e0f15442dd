/* ops_list.c: the table of ops as a document, docs/ops.md. Families come with what is true of all their ops; the rest
 * is read off the rows. */
#include "ir/ir.h"

static const char introduction[] =
    "# The ops of VMIR\n\n"
    "This page is written from the table `ir/ops.def` (`test_ops --bless` writes it anew). `vmemopt ops NAME` shows "
    "one\n"
    "op. The language around them is described in [vmir.md](vmir.md).\n\n"
    "## How to read it\n\n"
    "Operands and results are written `name: class variable[shape]`:\n\n"
    "| part | meaning |\n|---|---|\n"
    "| `x?`, `x...` | may be left out; any number of them |\n"
    "| class | the elements allowed: `any`; `num`, all but bool; `float`; `int`; `bits`, bool or integer; `index`, i32 "
    "or "
    "i64; or one element type |\n"
    "| variable | a letter such as `T`: whatever bears it has one element type, which a literal takes, too |\n"
    "| shape | sizes by name, equal names being provably equal sizes; `N+1` is one more than `N`, `S...` any number of "
    "sizes, `[]` a scalar; without a shape any is allowed, and the line below the table says what it leads to |\n\n"
    "Attributes are written `name: kind = default`; one with a `?` may be left out, one without a default and a `?` "
    "must\n"
    "be given. A kind with `[]` is a list, for which a single item may stand; `(1..)` and `(0..1)` are ranges with "
    "their\n"
    "ends. An `axis` is counted from 0, and `last` is the innermost one; a `size` is an integer or a size expression; "
    "`T`\n"
    "is a value of that element type.\n\n"
    "*Bytes* says whose bytes a result may have: its own, those of an operand that dies there, or a part of its "
    "operand's\n"
    "(a view). Whether a result does take an operand's bytes is for the plan to decide. *Workspace* is bytes that the "
    "op\n"
    "needs only while it runs. *Effect*: an op without one is removed under `-O2` when nothing reads its results; a "
    "kept\n"
    "one stays.\n\n"
    "**Elements.** Nothing is converted unasked. A dim name is an i64. A literal takes the type of the operands that\n"
    "share its variable, else that of the result; where neither gives one it is i64, f64 or bool by its spelling. "
    "Integers\n"
    "are accepted for floats. A value that the type cannot hold is an error.\n\n"
    "**Sizes** are compared as formulas: `N+1` and `1+N` are equal, `N` and `M` are not, whatever values they will "
    "have.\n\n"
    "**Memory space and alignment** of a result are free, but for views.\n";

static const char *family_note(vmo_op_category category) {
  switch (category) {
  case VMO_CATEGORY_ELEMENTWISE:
    return "Operands are broadcast as in numpy: shapes are aligned at their last sizes, which must be equal or 1; "
           "scalars\n"
           "go with everything. Each element of the result depends on elements at its own index alone, so a result "
           "may\n"
           "overwrite any operand of equal element width and count; one that is broadcast has another count, and "
           "stays.\n"
           "Arithmetic is that of the element type: integers wrap around, `div` and `mod` of integers truncate toward\n"
           "zero as in C, and floats follow IEEE 754.";
  case VMO_CATEGORY_CREATION:
    return "What `const` makes is a constant: it counts apart, and nothing is ever written over it. `copy` always "
           "gets\n"
           "bytes of its own; it moves values between memory spaces, and the planner inserts it where a value must "
           "not\n"
           "be overwritten.";
  case VMO_CATEGORY_SHAPE:
    return "A view names bytes of its operand and owns none. `reshape` is always one; its operand must have bytes, and "
           "it\n"
           "keeps memory space and alignment. `slice` and `split` are views if the part is contiguous: going from the\n"
           "outermost axis inwards, one element of each axis, then a run without steps of one axis, then all of the "
           "others\n"
           "(on sizes that are only equal by chance this is not seen), in the operand's memory space, without an "
           "alignment\n"
           "of its own. Everything else makes a new array. Starts and sizes that are wrong for all values of the dims "
           "are\n"
           "errors at once, others when the dims get values.";
  case VMO_CATEGORY_REDUCTION:
    return "Over the axes that `axis` or `axes` lists, or over all of them when neither is given, to a scalar. The "
           "reduced\n"
           "axes go, or stay with size 1 under `keep`. `min` and `max` with two operands are elementwise. A reduction "
           "reads\n"
           "elements after it has written others, so it overwrites nothing.\n"
           "\n"
           "Each result element takes its operand elements in row-major order, one after the other: `sum` and `mean` "
           "begin "
           "with\n"
           "0, `prod` with 1, and every step is rounded to the element type, or to f32 for f16 and bf16, whose result "
           "is "
           "then\n"
           "rounded once. `mean` divides the sum by the count at the end; `norm` rounds each square, sums them so, and "
           "takes the\n"
           "square root at the end. So a result has the same bits at every level, on any number of threads, fused or "
           "not.";
  case VMO_CATEGORY_SCAN:
    return "Along an axis, in order: an element is read before the result is written at its index, and no later one "
           "needs\n"
           "it, so the result may overwrite the operand.";
  case VMO_CATEGORY_SORT: return "NaNs come last.";
  case VMO_CATEGORY_LINEAR_ALGEBRA: return "Every element is read many times, so nothing is overwritten.";
  case VMO_CATEGORY_INDEXED:
    return "An index outside of the array is an error of the running program. `scatter` and `scatter_add` start from\n"
           "operand 0: if that one is needed later, a copy is made, and counted.";
  case VMO_CATEGORY_GRAPH:
    return "A graph of N nodes and E edges is given in compressed sparse row form: the neighbours of node i are "
           "`col[k]`\n"
           "for k from `row[i]` up to, not including, `row[i+1]`. A segment is such a range of edges. All but\n"
           "`normalize_sum` and `label_propagate` read at other places than they write, and overwrite nothing.\n"
           "`label_propagate` starts from operand 0 and works in order, node after node, on what is there by then.";
  case VMO_CATEGORY_NEURAL:
    return "Norms, softmax and dropout take all they need to know of a row (or channel) before they write it, so the\n"
           "result may overwrite x; scales, biases and the like are read for many rows and stay. Windows overlap, so\n"
           "convolutions, pools and `lrn` overwrite nothing. `attention` works a query at a time, with a workspace of "
           "one\n"
           "f64 score for each key.";
  case VMO_CATEGORY_CONTROL:
    return "Their syntax is shown in [vmir.md](vmir.md). They own no bytes: results are storages of what is inside, or "
           "of\n"
           "the caller. All but `@op` stay though nothing reads their results; `@op` stays if its declaration says\n"
           "`effect = true`.";
  }
  return "";
}

/* A cell of a table, as code; nothing for an empty text. */
static void add_code(vmo_text *out, const char *text) {
  if (*text == '\0')
    vmo_text_add(out, " |");
  else
    vmo_text_addf(out, " `%s` |", text);
}

static const char *effect_of(const vmo_op_info *info) {
  if (info->terminator) return "ends a region";
  if (info == vmo_op_get_info(VMO_OP_declared)) return "as declared";
  return info->effect ? "kept" : "none";
}

static void add_row(vmo_text *out, const vmo_op_info *info) {
  vmo_text_addf(out, "| **%s** |", info->name);
  add_code(out, info->operands);
  add_code(out, info->results);
  add_code(out, info->attributes);
  vmo_text_addf(out, " %s | %s | %s | %s |\n", info->bytes, info->workspace, effect_of(info), info->summary);
}

/* The rules of a family, each with the ops that follow it. */
static void add_rules(vmo_text *out, vmo_op_category category) {
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    const char *rule = vmo_op_get_info((vmo_opcode)code)->result;
    if (vmo_op_get_info((vmo_opcode)code)->category != category) continue;
    bool is_first = true, known = false;
    for (int other = 0; other < VMO_OPCODE_COUNT; other++) {
      const vmo_op_info *info = vmo_op_get_info((vmo_opcode)other);
      if (info->category != category || info->result != rule) continue;
      if (is_first && other < code) known = true;
      if (known) break;
      vmo_text_addf(out, "%s%s", is_first ? "\n- Shape of " : ", ", info->name);
      is_first = false;
    }
    if (!known) vmo_text_addf(out, ": %s.", rule);
  }
  vmo_text_add(out, "\n");
}

static void add_family(vmo_text *out, vmo_op_category category) {
  vmo_text_addf(out, "\n## %s\n\n%s\n\n", vmo_op_category_name(category), family_note(category));
  vmo_text_add(out, "| op | operands | results | attributes | bytes | workspace | effect | what it does |\n"
                    "|---|---|---|---|---|---|---|---|\n");
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    const vmo_op_info *info = vmo_op_get_info((vmo_opcode)code);
    if (info->category == category) add_row(out, info);
  }
  add_rules(out, category);
}

void vmo_list_ops(vmo_text *out) {
  vmo_text_add(out, introduction);
  for (int category = VMO_CATEGORY_ELEMENTWISE; category <= VMO_CATEGORY_CONTROL; category++)
    add_family(out, (vmo_op_category)category);
}
