/* dims_print.c: sizes as VMIR reads them back.
 *
 * Terms come in the table's order, except that a leading negative term lets the first positive one go ahead:
 * `5 - N`. Within a term the first quotient is written first, so that the usual left-to-right reading of * and /
 * gives the term again: `(N + 63)/64*64`; a second one is put in parentheses. The factor of a maximum is written into
 * it: `max(8*N, 4*M)`, which the table has as 4 * max(2*N, M). */
#include "ir/dims_table.h"

typedef struct size_printer {
  const vmo_sizes *sizes;
  const vmo_dim *dims;
  const vmr_interner *names;
  vmo_text *out;
  bool compact; /* no blanks */
} size_printer;

/* NOLINTBEGIN(misc-no-recursion): atoms lie at most VMO_SIZE_MAX_DEPTH deep within each other */

static void print_size(const size_printer *printer, vmo_size_id size, int64_t scale);

static void print_quotient(const size_printer *printer, const vmo_atom *atom) {
  bool is_sum = printer->sizes->sizes.data[atom->first].term_count > 1;
  if (is_sum) vmo_text_add_char(printer->out, '(');
  print_size(printer, atom->first, 1);
  if (is_sum) vmo_text_add_char(printer->out, ')');
  vmo_text_add_char(printer->out, '/');
  vmo_text_add_integer(printer->out, atom->divisor);
}

static void print_maximum(const size_printer *printer, const vmo_atom *atom, int64_t scale) {
  vmo_text_add(printer->out, "max(");
  for (uint32_t i = 0; i < atom->count; i++) {
    if (i > 0) vmo_text_add(printer->out, printer->compact ? "," : ", ");
    print_size(printer, printer->sizes->members.data[atom->first + i], scale);
  }
  vmo_text_add_char(printer->out, ')');
}

static void print_atom(const size_printer *printer, const vmo_atom *atom) {
  if (atom->kind == VMO_ATOM_DIM)
    vmo_text_add(printer->out, vmr_interner_text(printer->names, printer->dims[atom->first].name, NULL));
  else if (atom->kind == VMO_ATOM_QUOTIENT)
    print_quotient(printer, atom);
  else
    print_maximum(printer, atom, 1);
}

/* The number, a quotient or a factor, with a `*` between it and what came before. */
static void print_separator(const size_printer *printer, bool *first) {
  if (!*first) vmo_text_add_char(printer->out, '*');
  *first = false;
}

static void print_factors(const size_printer *printer, const vmo_monomial *monomial, uint32_t skipped, bool first) {
  for (uint32_t i = 0; i < monomial->factor_count; i++) {
    if (i == skipped) continue;
    const vmo_atom *atom = &printer->sizes->atoms.data[printer->sizes->factors.data[monomial->factor_first + i]];
    print_separator(printer, &first);
    if (atom->kind == VMO_ATOM_QUOTIENT) vmo_text_add_char(printer->out, '(');
    print_atom(printer, atom);
    if (atom->kind == VMO_ATOM_QUOTIENT) vmo_text_add_char(printer->out, ')');
  }
}

/* When the term is a number times one maximum, whose members times that number can be written, its atom; else
 * NULL. */
static const vmo_atom *find_scaled_maximum(const vmo_sizes *sizes, const vmo_monomial *monomial, int64_t magnitude) {
  if (monomial->factor_count != 1) return NULL;
  const vmo_atom *atom = &sizes->atoms.data[sizes->factors.data[monomial->factor_first]];
  if (atom->kind != VMO_ATOM_MAX) return NULL;
  for (uint32_t i = 0; i < atom->count; i++) {
    vmo_size_id member = sizes->members.data[atom->first + i];
    for (uint32_t j = 0; j < sizes->sizes.data[member].term_count; j++) {
      int64_t product;
      if (!vmo_checked_multiply(vmo_size_terms(sizes, member)[j].coefficient, magnitude, &product)) return NULL;
    }
  }
  return atom;
}

/* The term without its sign, its coefficient given apart. */
static void print_term(const size_printer *printer, vmo_term term, int64_t magnitude) {
  const vmo_sizes *sizes = printer->sizes;
  const vmo_monomial *monomial = &sizes->monomials.data[term.monomial];
  const vmo_atom *maximum = find_scaled_maximum(sizes, monomial, magnitude);
  if (maximum != NULL) {
    print_maximum(printer, maximum, magnitude);
    return;
  }
  bool first = true;
  uint32_t leading = VMO_NONE; /* the quotient that is written first */
  for (uint32_t i = 0; i < monomial->factor_count && leading == VMO_NONE; i++)
    if (sizes->atoms.data[sizes->factors.data[monomial->factor_first + i]].kind == VMO_ATOM_QUOTIENT) leading = i;
  if (leading != VMO_NONE) {
    print_separator(printer, &first);
    print_atom(printer, &sizes->atoms.data[sizes->factors.data[monomial->factor_first + leading]]);
  }
  if (magnitude != 1 || monomial->factor_count == 0) {
    print_separator(printer, &first);
    vmo_text_add_integer(printer->out, magnitude);
  }
  print_factors(printer, monomial, leading, first);
}

static void print_sign(const size_printer *printer, bool negative, bool first) {
  if (first)
    vmo_text_add(printer->out, negative ? "-" : "");
  else if (printer->compact)
    vmo_text_add_char(printer->out, negative ? '-' : '+');
  else
    vmo_text_add(printer->out, negative ? " - " : " + ");
}

/* The size times `scale`, which is known to fit. */
static void print_size(const size_printer *printer, vmo_size_id size, int64_t scale) {
  const vmo_term *terms = vmo_size_terms(printer->sizes, size);
  uint32_t count = printer->sizes->sizes.data[size].term_count, leading = 0;
  if (count == 0) vmo_text_add_char(printer->out, '0');
  while (leading < count && terms[leading].coefficient < 0) leading++;
  if (leading == count) leading = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t which = i == 0 ? leading : i <= leading ? i - 1 : i;
    print_sign(printer, terms[which].coefficient < 0, i == 0);
    int64_t coefficient = terms[which].coefficient * scale;
    print_term(printer, terms[which], coefficient < 0 ? -coefficient : coefficient);
  }
}

/* NOLINTEND(misc-no-recursion) */

void vmo_size_print(const vmo_sizes *sizes, vmo_size_id size, const vmo_dim *dims, const vmr_interner *names,
                    vmo_text *out) {
  size_printer printer = {sizes, dims, names, out, false};
  print_size(&printer, size, 1);
}

void vmo_size_print_compact(const vmo_sizes *sizes, vmo_size_id size, const vmo_dim *dims, const vmr_interner *names,
                            vmo_text *out) {
  size_printer printer = {sizes, dims, names, out, true};
  print_size(&printer, size, 1);
}
