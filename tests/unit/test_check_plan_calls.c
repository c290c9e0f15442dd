/* test_check_plan_calls.c: the checker of planned programs on streams, calls, workspaces, destinations, states, sizes
 * that are not numbers, and long programs. */
#include "check_plan_text.h"

/* ---- streams ---- */

#define STREAMS(second, outer) \
  "func @f() " HEAD("(f64[4], f64[4])", "256") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                               "  %a, %b = parallel -> (f64[4], f64[4]) {\n" \
                                               "    stream {\n" \
                                               "      %t = exp %x {slot = 1, offset = 32} : f64[4]\n" \
                                               "      %y = mul %t, 2.0 {slot = 2, offset = 64} : f64[4]\n" \
                                               "      yield %y\n" \
                                               "    }\n" \
                                               "    stream {\n" \
                                               "      %z = log %x {" second "} : f64[4]\n" \
                                               "      yield %z\n" \
                                               "    }\n" \
                                               "  }\n" \
                                               "  %c = add %a, %b {slot = 2, offset = 64, over = %a} : f64[4]\n" \
                                               "  return %c, " outer "\n" \
                                               "}\n"

static void streams(void **unused) {
  (void)unused;
  accepts(STREAMS("slot = 3, offset = 96", "%b"));
  accepts(STREAMS("slot = 3, offset = 96", "%x"));
  refuses(STREAMS("slot = 3, offset = 48", "%b"), "E0658", 10, "writes bytes that another stream writes at 5:12");
  refuses(STREAMS("slot = 3, offset = 64", "%b"), "E0658", 10, "writes bytes that another stream writes at 6:12");
  refuses(STREAMS("slot = 0, offset = 0, over = %x", "%b"), "E0658", 10,
          "writes bytes that another stream reads in the parallel at 3:12");
}

/* Both streams read %x, and then the second one writes it; the first one, at the same time, may read what is new. */
static void a_value_that_two_streams_read_is_written_by_neither(void **unused) {
  (void)unused;
  refuses("func @f(%n: i64) " HEAD("(f64[4], f64[4])",
                                   "160") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                          "  %a, %b = parallel -> (f64[4], f64[4]) {\n"
                                          "    stream {\n"
                                          "      %y = exp %x {slot = 1, offset = 32} : f64[4]\n"
                                          "      yield %y\n"
                                          "    }\n"
                                          "    stream {\n"
                                          "      %z = log %x {slot = 2, offset = 64} : f64[4]\n"
                                          "      %t = fill 2.0 {slot = 0, offset = 0} : f64[4]\n"
                                          "      %w = add %z, %t {slot = 2, offset = 64, over = %z} : f64[4]\n"
                                          "      yield %w\n"
                                          "    }\n"
                                          "  }\n"
                                          "  return %a, %b\n"
                                          "}\n",
          "E0658", 10, "this writes bytes that another stream reads in the parallel at 3:12");
}

static void streams_in_streams(void **unused) {
  (void)unused;
#define NEST(inner, outer) \
  "func @f() " HEAD("(f64[4], f64[4], f64[4])", "256") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                                       "  %a, %b, %c = parallel -> (f64[4], f64[4], f64[4]) {\n" \
                                                       "    stream {\n" \
                                                       "      %d, %e = parallel -> (f64[4], f64[4]) {\n" \
                                                       "        stream {\n" \
                                                       "          %u = exp %x {slot = 1, offset = 32} : f64[4]\n" \
                                                       "          yield %u\n" \
                                                       "        }\n" \
                                                       "        stream {\n" \
                                                       "          %v = log %x {slot = 2, offset = " inner \
                                                       "} : f64[4]\n" \
                                                       "          yield %v\n" \
                                                       "        }\n" \
                                                       "      }\n" \
                                                       "      yield %d, %e\n" \
                                                       "    }\n" \
                                                       "    stream {\n" \
                                                       "      %w = sin %x {slot = 3, offset = " outer "} : f64[4]\n" \
                                                       "      yield %w\n" \
                                                       "    }\n" \
                                                       "  }\n" \
                                                       "  return %a, %b, %c\n" \
                                                       "}\n"
  accepts(NEST("64", "96"));
  refuses(NEST("48", "96"), "E0658", 11, "writes bytes that another stream writes at 7:16");
  refuses(NEST("64", "40"), "E0658", 18, "writes bytes that another stream writes at 7:16");
  refuses(NEST("64", "80"), "E0658", 18, "writes bytes that another stream writes at 11:16");
}

/* ---- calls ---- */

#define CALLEE \
  "func @g(%u: f64[4] donate, %v: f64[4]) -> (f64[4], f64[4]) plan {align = 8, results = arena, arena = 64, " \
  "call_arena = 32} {\n" \
  "  %t = exp %v {slot = 0, offset = 0} : f64[4]\n" \
  "  %q = add %u, %t {over = %u} : f64[4]\n" \
  "  %w = mul %t, 2.0 {slot = 1, offset = 32} : f64[4]\n" \
  "  return %q, %w\n" \
  "}\n"

#define CALLER(first, arguments, plan, last) \
  CALLEE "func @f(%p: f64[4], %d: f64[4] donate) " HEAD( \
      "(f64[4], f64[4])", "256") "  %x = " first " : f64[4]\n" \
                                 "  %y = fill 2.0 {slot = 1, offset = 32} : f64[4]\n" \
                                 "  %a, %b = call @g(" arguments ") {" plan "} : f64[4], f64[4]\n" \
                                 "  %c = add %a, " last " {over = %a} : f64[4]\n" \
                                 "  return %c, %b\n" \
                                 "}\n"
#define FIRST "fill 1.0 {slot = 0, offset = 0}"
#define OVER "slot = [0, 2], offset = [0, 64], over = [%x, none], callee_offset = 96"

static void calls(void **unused) {
  (void)unused;
  accepts(CALLER(FIRST, "%x, %y", OVER, "%y"));
  accepts(
      CALLER(FIRST, "%d, %y", "slot = [none, 2], offset = [none, 64], over = [%d, none], callee_offset = 96", "%x"));
  refuses(CALLER(FIRST, "%x, %y", OVER, "%x"), "E0651", 11, "%x is read here");
}

static void arguments_that_may_not_be_donated(void **unused) {
  (void)unused;
  refuses(CALLER(FIRST, "%p, %y", "slot = [none, 2], offset = [none, 64], over = [%p, none], callee_offset = 96", "%y"),
          "E0657", 10, "%p of this call may not be written");
  refuses(CALLER("const {value = 1}", "%x, %y",
                 "slot = [none, 2], offset = [none, 64], over = [%x, none], callee_offset = 96", "%y"),
          "E0657", 10, "%x of this call may not be written");
  refuses(CALLER(FIRST, "%x, %x", OVER, "%y"), "E0657", 10, "lies in bytes of another argument");
  refuses(CALLEE "func @f() " HEAD("f64[4]", "256") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[2,2]\n"
                                                    "  %y = fill 2.0 {slot = 1, offset = 32} : f64[4]\n"
                                                    "  %v = reshape %x : f64[4]\n"
                                                    "  %a, %b = call @g(%v, %y) {slot = [0, 2], offset = [0, 64], over "
                                                    "= [%v, none], callee_offset = 96} : "
                                                    "f64[4], f64[4]\n"
                                                    "  return %b\n"
                                                    "}\n",
          "E0657", 11, "%v of this call is a view");
}

static void results_of_calls_are_where_the_callee_leaves_them(void **unused) {
  (void)unused;
  refuses(CALLER(FIRST, "%x, %y", "slot = [3, 2], offset = [128, 64], callee_offset = 96", "%y"), "E0657", 10,
          "%a of this call comes back in the bytes of a donated argument");
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 1], offset = [0, 32], over = [%x, %y], callee_offset = 96", "%a"),
          "E0657", 10, "%b of this call overlaps an argument");
}

static void arenas_of_callees(void **unused) {
  (void)unused;
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 2], offset = [0, 64], over = [%x, none], callee_offset = 40", "%y"),
          "E0657", 10, "the callee's arena, bytes [40, 72) of the arena, overlaps %y");
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 2], offset = [0, 64], over = [%x, none], callee_offset = 72", "%y"),
          "E0657", 10, "overlaps %b");
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 2], offset = [0, 64], over = [%x, none], callee_offset = 232", "%y"),
          "E0655", 10, "the callee's arena takes bytes");
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 2], offset = [0, 64], over = [%x, none], callee_offset = 100", "%y"),
          "E0656", 10, "the callee's arena is at byte 100");
  refuses(CALLER(FIRST, "%x, %y", "slot = [0, 2], offset = [0, 64], over = [%x, none]", "%y"), "E0657", 10,
          "places 0 arenas");
  refuses(CALLEE "func @f() " HEAD("f64[4]", "256") "  %k = fill 3.0 {slot = 5, offset = 96} : f64[4]\n"
                                                    "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                                    "  %y = fill 2.0 {slot = 1, offset = 32} : f64[4]\n"
                                                    "  %a, %b = call @g(%x, %y) {" OVER "} : f64[4], f64[4]\n"
                                                    "  %c = add %a, %k {over = %a} : f64[4]\n"
                                                    "  return %c\n"
                                                    "}\n",
          "E0651", 12, "%k is read here");
}

static void a_recursive_call_has_no_arena_here(void **unused) {
  (void)unused;
  accepts("func @f(%n: i64, %x: f64[4]) -> f64[4] plan {align = 8, results = arena, arena = 64, call_arena = 32} {\n"
          "  %more = gt %n, 0 {slot = 0, offset = 0} : bool\n"
          "  %r = if %more -> f64[4] {\n"
          "    %m = sub %n, 1 {slot = 1, offset = 8} : i64\n"
          "    %y = call @f(%m, %x) {slot = 2, offset = 32} : f64[4]\n"
          "    yield %y\n"
          "  } else {\n"
          "    %z = copy %x {slot = 2, offset = 32} : f64[4]\n"
          "    yield %z\n"
          "  }\n"
          "  return %r\n"
          "}\n");
}

/* ---- workspaces, destinations, states ---- */

#define WORKSPACE(offset, last) \
  "op @fft(%x: f64[n]) -> f64[n] { inplace = [0], workspace = 16*n }\n" \
  "func @f() " HEAD("f64[4]", "192") "  %k = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                     "  %x = fill 1.0 {slot = 1, offset = 32} : f64[4]\n" \
                                     "  %y = @fft %x {slot = 1, offset = 32, over = %x" offset "} : f64[4]\n" \
                                     "  %z = add %y, " last " {slot = 1, offset = 32, over = %y} : f64[4]\n" \
                                     "  return %z\n" \
                                     "}\n"

static void workspaces(void **unused) {
  (void)unused;
  accepts(WORKSPACE(", workspace_offset = 64", "%k"));
  refuses(WORKSPACE("", "%k"), "E0652", 5, "workspace has no place");
  refuses(WORKSPACE(", workspace_offset = 56", "%k"), "E0653", 5, "overlaps %x");
  refuses(WORKSPACE(", workspace_offset = 136", "%k"), "E0655", 5, "the workspace takes bytes");
  refuses("op @fft(%x: f64[n]) -> f64[n] { inplace = [0], workspace = 16*n }\n"
          "func @f() " HEAD("f64[4]",
                            "192") "  %x = fill 1.0 {slot = 1, offset = 0} : f64[4]\n"
                                   "  %k = fill 1.0 {slot = 0, offset = 64} : f64[4]\n"
                                   "  %y = @fft %x {slot = 1, offset = 0, over = %x, workspace_offset = 40} : f64[4]\n"
                                   "  %z = add %y, %k {slot = 1, offset = 0, over = %y} : f64[4]\n"
                                   "  return %z\n"
                                   "}\n",
          "E0651", 6, "%k is read here");
}

static void destinations_are_written_in_place(void **unused) {
  (void)unused;
#define SCATTER(place) \
  "func @f(%at: i64[2], %what: f64[2]) " HEAD("f64[4]", "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n" \
                                                              "  %y = scatter %x, %at, %what {" place "} : f64[4]\n" \
                                                              "  return %y\n" \
                                                              "}\n"
  accepts(SCATTER("slot = 0, offset = 0, over = %x"));
  refuses(SCATTER("slot = 1, offset = 32"), "E0653", 3, "%y has to be written over operand 0");
  refuses("func @f(%at: i64[2]) " HEAD("f64[4]",
                                       "64") "  %x = fill 1.0 {slot = 0, offset = 0} : f64[4]\n"
                                             "  %v = slice %x {start = [0], size = [2]} : f64[2]\n"
                                             "  %y = scatter %x, %at, %v {slot = 0, offset = 0, over = %x} : f64[4]\n"
                                             "  return %y\n"
                                             "}\n",
          "E0653", 4, "element by element");
}

#define STATE(where, y, t, next) \
  "func @f(%x: f64[4], state %s: f64[4] offset 32 {slot = 0, offset = " where \
  "}) " HEAD("f64[4]", "128") "  %y = add %s, %x {" y "} : f64[4]\n" \
                              "  %t = mul %s, %x {" t "} : f64[4]\n" \
                              "  return %y, state " next "\n" \
                              "}\n"

static void states(void **unused) {
  (void)unused;
  accepts(STATE("32", "slot = 1, offset = 64", "slot = 0, offset = 32, over = %s", "%t"));
  accepts(STATE("32", "slot = 1, offset = 64", "slot = 2, offset = 0", "%s"));
  refuses(STATE("0", "slot = 1, offset = 64", "slot = 0, offset = 0, over = %s", "%t"), "E0652", 1, "fixed offset 32");
  refuses(STATE("32", "slot = 1, offset = 64", "slot = 2, offset = 0", "%t"), "E0651", 4, "%t is handed to %s");
  refuses(STATE("32", "slot = 1, offset = 64", "slot = 0, offset = 32, over = %s", "%s"), "E0651", 4,
          "%s is read here");
  refuses(STATE("32", "slot = 1, offset = 40", "slot = 2, offset = 64", "%s"), "E0653", 2, "");
}

/* Its author put the state at 32, so the plan's own alignment does not count there. */
static void a_pinned_state_is_where_its_author_put_it(void **unused) {
  (void)unused;
#define PINNED(place) \
  "func @f(%x: f64[4], state %s: f64[4] offset 32 {slot = 0, offset = 32}) -> f64[4] " \
  "plan {align = 64, results = arena, arena = 128} {\n" \
  "  %y = exp %s {slot = 1, offset = 64} : f64[4]\n" \
  "  %t = exp %x {" place "} : f64[4]\n" \
  "  return %y, state %t\n" \
  "}\n"
  accepts(PINNED("slot = 0, offset = 32"));
  refuses(PINNED("slot = 2, offset = 96"), "E0656", 3, "no multiple of 64");
}

/* ---- sizes that are not numbers ---- */

#define SYMBOLIC(x, y, z, arena) \
  "dim N\n" \
  "dim M\n" \
  "func @f(%p: f64[N], %q: f64[M]) -> f64[N] plan {align = 64, results = arena, arena = " arena "} {\n" \
  "  %x = exp %p {" x "} : f64[N]\n" \
  "  %y = exp %q {" y "} : f64[M]\n" \
  "  %s = sum %y {slot = 2, offset = (8*N + 63)/64*64 + (8*M + 63)/64*64} : f64\n" \
  "  %z = mul %x, %s {" z "} : f64[N]\n" \
  "  return %z\n" \
  "}\n"
#define SYMBOLIC_END "(8*N + 63)/64*64 + (8*M + 63)/64*64 + 8"

static void slots_whose_sizes_are_expressions(void **unused) {
  (void)unused;
  accepts(SYMBOLIC("slot = 0, offset = 0", "slot = 1, offset = (8*N + 63)/64*64", "slot = 0, offset = 0, over = %x",
                   SYMBOLIC_END));
  refuses(SYMBOLIC("slot = 0, offset = 0", "slot = 0, offset = 0", "slot = 1, offset = (8*N + 63)/64*64", SYMBOLIC_END),
          "E0655", 5, "do not provably end before the next slot");
  refuses(SYMBOLIC("slot = 0, offset = 0", "slot = 1, offset = (8*N + 63)/64*64", "slot = 0, offset = 0, over = %x",
                   "(8*N + 63)/64*64 + (8*M + 63)/64*64"),
          "E0655", 6, "do not provably end");
  refuses(SYMBOLIC("slot = 0, offset = 0", "slot = 1, offset = 8*N", "slot = 0, offset = 0, over = %x", SYMBOLIC_END),
          "E0656", 5, "not provably a multiple of 64");
}

static void slots_of_expressions_hold_one_value_at_a_time(void **unused) {
  (void)unused;
#define SHARED(last) \
  "dim N\n" \
  "func @f(%p: f64[N]) -> f64[N] plan {align = 8, results = arena, arena = 16*N} {\n" \
  "  %x = exp %p {slot = 0, offset = 0} : f64[N]\n" \
  "  %y = cumsum %x {slot = 1, offset = 8*N} : f64[N]\n" \
  "  %z = exp %y {slot = 0, offset = 0} : f64[N]\n" \
  "  %w = add %z, " last " {slot = 1, offset = 8*N} : f64[N]\n" \
  "  return %w\n" \
  "}\n"
  accepts(SHARED("%z"));
  refuses(SHARED("%x"), "E0651", 6, "%x is read here, but the bytes from 0 on of the arena, where it lives, hold %z");
}

static void parts_of_slots_of_expressions(void **unused) {
  (void)unused;
#define PARTS(a, b, last) \
  "dim N\n" \
  "func @f() -> (f64[N], f64[N]) plan {align = 8, results = arena, arena = 32*N} {\n" \
  "  %x = fill 1.0 {slot = 0, offset = 0} : f64[2*N]\n" \
  "  %a, %b = split %x : f64[N], f64[N]\n" \
  "  %y = neg %b {" b "} : f64[N]\n" \
  "  %z = neg %a {" a "} : f64[N]\n" \
  "  %w = add %z, " last " {slot = 3, offset = 24*N} : f64[N]\n" \
  "  return %y, %w\n" \
  "}\n"
  accepts(PARTS("over = %a", "over = %b", "%z"));
  accepts(PARTS("slot = 0, offset = 0, over = %a", "slot = 1, offset = 8*N, over = %b", "%z"));
  refuses(PARTS("over = %a", "over = %b", "%b"), "E0651", 7, "%b is read here");
  refuses(PARTS("over = %a", "slot = 1, offset = 0, over = %b", "%z"), "E0652", 5, "%y is over %b, but");
}

/* With a bound, offsets are numbers; but %v may begin anywhere below its largest start. */
static void views_whose_start_is_only_bounded(void **unused) {
  (void)unused;
#define BOUNDED(from, over) \
  "dim N <= 4\n" \
  "func @f() -> (f64[1], f64[1]) plan {align = 8, results = arena, arena = 80} {\n" \
  "  %x = fill 1.0 {slot = 0, offset = 0} : f64[8]\n" \
  "  %v = slice %x {start = [N], size = [1]} : f64[1]\n" \
  "  %w = slice %x {start = [" from "], size = [1]} : f64[1]\n" \
  "  %y = neg %v {" over "} : f64[1]\n" \
  "  %z = neg %w {slot = 2, offset = 72} : f64[1]\n" \
  "  return %y, %z\n" \
  "}\n"
  accepts(BOUNDED("2", "slot = 1, offset = 64"));
  accepts(BOUNDED("5", "over = %v"));
  refuses(BOUNDED("2", "over = %v"), "E0651", 7, "%w is read here");
}

/* Both have 32 bytes at most, but not always as many elements. */
static void equal_bounds_are_not_equal_sizes(void **unused) {
  (void)unused;
  refuses("op @g(%x: f64[n], %y: f64[m]) -> f64[m] { inplace = [0] }\n"
          "dim N <= 4\n"
          "dim M <= 4\n"
          "func @f(%p: f64[N] donate, %q: f64[M]) " HEAD("f64[M]", "0") "  %y = @g %p, %q {over = %p} : f64[M]\n"
                                                                        "  return %y\n"
                                                                        "}\n",
          "E0653", 5, "element by element");
}

/* ---- deep and long programs ---- */

/* Nested `if`s as deep as the language allows, each with a value of its own in place. */
static void the_deepest_nesting(void **unused) {
  (void)unused;
  enum { DEPTH = 900 };
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add(&text, "func @f(%p: bool) " HEAD("f64[4]", "64") "  %x0 = fill 1.0 {slot = 0, offset = 0} : f64[4]\n");
  for (int i = 0; i < DEPTH; i++)
    vmo_text_addf(&text,
                  "  %%r%d = if %%p -> f64[4] {\n"
                  "  %%x%d = neg %%x%d {slot = 0, offset = 0, over = %%x%d} : f64[4]\n",
                  i, i + 1, i, i);
  vmo_text_addf(&text, "  yield %%x%d\n", DEPTH);
  for (int i = DEPTH - 1; i >= 0; i--) {
    vmo_text_addf(&text, "  } else {\n  %%y%d = exp %%x%d {slot = 0, offset = 0, over = %%x%d} : f64[4]\n", i, i, i);
    vmo_text_addf(&text, "  yield %%y%d\n  }\n", i);
    if (i > 0) vmo_text_addf(&text, "  yield %%r%d\n", i);
  }
  vmo_text_add(&text, "  return %r0\n}\n");
  accepts(text.data);
  vmo_text_free(&text);
}

static void a_long_program(void **unused) {
  (void)unused;
  enum { LENGTH = 100000 };
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_add(&text, "func @f() " HEAD("f64", "1600000") "  %x0 = fill 1.0 {slot = 0, offset = 0} : f64\n");
  for (int i = 1; i < LENGTH; i++)
    vmo_text_addf(&text, "  %%x%d = neg %%x%d {slot = %d, offset = %d} : f64\n", i, i - 1, i, i * 16);
  vmo_text_addf(&text, "  return %%x%d\n}\n", LENGTH - 1);
  accepts(text.data);
  vmo_text_free(&text);
}

/* ---- as an internal check ---- */

static void our_own_plans_fail_as_internal_errors(void **unused) {
  (void)unused;
  const char *text = "func @f(%x: f64[4]) " HEAD("f64[4]", "0") "  %y = mul %x, 2.0 {over = %x} : f64[4]\n"
                                                                "  return %y\n"
                                                                "}\n"
                                                                "func @g(%x: f64[4]) -> f64[4] {\n"
                                                                "  %y = mul %x, 2.0 : f64[4]\n"
                                                                "  return %y\n"
                                                                "}\n";
  vmo_context *context = vmo_context_create();
  vmo_module *module = NULL;
  assert_int_equal(vmo_context_set_source(context, "test", text, strlen(text)), VMO_OK);
  assert_int_equal(vmo_parse_module(context, &module), VMO_OK);
  vmo_binding binding = vmo_declared_binding(module);
  assert_int_equal(vmo_check_plan(module, module->functions.data[0], &binding), VMO_INTERNAL_ERROR);
  assert_int_equal(vmo_check_given_plan(module, module->functions.data[0], &binding), VMO_INPUT_ERROR);
  assert_int_equal(vmo_check_plan(module, module->functions.data[1], &binding), VMO_INTERNAL_ERROR);
  assert_int_equal(context->diagnostics->count, 3);
  assert_string_equal(vmo_diag_get_info(context->diagnostics->items[0].code)->code, "E0901");
  assert_non_null(strstr(context->diagnostics->items[0].message, "the plan of @f is wrong: %y is written to"));
  assert_string_equal(vmo_diag_get_info(context->diagnostics->items[1].code)->code, "E0654");
  assert_non_null(strstr(context->diagnostics->items[2].message, "@g has no plan"));
  vmo_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(streams),
      cmocka_unit_test(a_value_that_two_streams_read_is_written_by_neither),
      cmocka_unit_test(streams_in_streams),
      cmocka_unit_test(calls),
      cmocka_unit_test(arguments_that_may_not_be_donated),
      cmocka_unit_test(results_of_calls_are_where_the_callee_leaves_them),
      cmocka_unit_test(arenas_of_callees),
      cmocka_unit_test(a_recursive_call_has_no_arena_here),
      cmocka_unit_test(workspaces),
      cmocka_unit_test(destinations_are_written_in_place),
      cmocka_unit_test(states),
      cmocka_unit_test(a_pinned_state_is_where_its_author_put_it),
      cmocka_unit_test(slots_whose_sizes_are_expressions),
      cmocka_unit_test(slots_of_expressions_hold_one_value_at_a_time),
      cmocka_unit_test(parts_of_slots_of_expressions),
      cmocka_unit_test(views_whose_start_is_only_bounded),
      cmocka_unit_test(equal_bounds_are_not_equal_sizes),
      cmocka_unit_test(the_deepest_nesting),
      cmocka_unit_test(a_long_program),
      cmocka_unit_test(our_own_plans_fail_as_internal_errors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
