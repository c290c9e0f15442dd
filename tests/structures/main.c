/* main.c: vmo-structures, which prints what llvm/structures.h says of a module.
 *
 *   vmo-structures [--whole-program] FILE...
 *   vmo-structures --instrument FILE MODULE CLAIMS    of a whole program: a module to be linked with watch.c, and the
 *                                                     file that VMO_CLAIMS is to name when it runs
 *
 * Exit codes: 0 printed, 1 it could not be read or analysed, 2 wrong usage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instrument.h"

typedef struct input {
  char *bytes;
  size_t length;
} input;

static bool read_input(const char *path, input *into) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  size_t capacity = 1 << 16;
  *into = (input){malloc(capacity + 1), 0};
  while (into->bytes != NULL) {
    into->length += fread(into->bytes + into->length, 1, capacity - into->length, file);
    if (into->length < capacity) break;
    char *more = realloc(into->bytes, (capacity *= 2) + 1);
    if (more == NULL) free(into->bytes);
    into->bytes = more;
  }
  bool fine = into->bytes != NULL && !ferror(file);
  if (fine) into->bytes[into->length] = '\0';
  fclose(file);
  return fine;
}

static vmo_status show(vmo_context *context, vmo_ll_source source, bool whole_program) {
  vmo_ll_program *program = NULL;
  vmo_ll_structures *structures;
  vmo_status status = vmo_read_llvm(context, &source, 1, &program);
  if (status == VMO_OK)
    status = vmo_find_structures(program, &(vmo_ll_structure_options){.whole_program = whole_program}, context->arena,
                                 &structures);
  vmo_text out;
  vmo_text_init(&out);
  if (status == VMO_OK) {
    vmo_print_structures(structures, program, &out);
    fwrite(out.data, 1, out.count, stdout);
  }
  vmo_text_free(&out);
  vmo_release_llvm(program);
  return status;
}

static bool write_file(const char *path, const vmo_text *text) {
  FILE *file = fopen(path, "wb");
  if (file == NULL) return false;
  bool fine = !vmo_text_failed(text) && fwrite(text->data, 1, text->count, file) == text->count;
  return fclose(file) == 0 && fine;
}

static bool instrument(vmo_context *context, vmo_ll_source source, char **outputs) {
  vmo_ll_program *program = NULL;
  vmo_ll_structures *structures;
  vmo_text module, claims;
  vmo_text_init(&module);
  vmo_text_init(&claims);
  bool fine = vmo_read_llvm(context, &source, 1, &program) == VMO_OK &&
              vmo_find_structures(program, &(vmo_ll_structure_options){.whole_program = true, .accesses = true},
                                  context->arena, &structures) == VMO_OK;
  if (fine) {
    vmo_instrument_structures(program, structures, &claims);
    fine = vmo_verify_llvm(program) == VMO_OK && vmo_write_llvm(program, false, &module) == VMO_OK &&
           write_file(outputs[0], &module) && write_file(outputs[1], &claims);
  }
  vmo_text_free(&module);
  vmo_text_free(&claims);
  vmo_release_llvm(program);
  return fine;
}

static int run_instrument(char **arguments) {
  input in = {0};
  vmo_context *context = vmo_context_create();
  bool fine = context != NULL && read_input(arguments[2], &in) &&
              instrument(context, (vmo_ll_source){arguments[2], in.bytes, in.length}, arguments + 3);
  if (!fine) fprintf(stderr, "vmo-structures: %s: not instrumented\n", arguments[2]);
  free(in.bytes);
  vmo_context_destroy(context);
  return !fine;
}

int main(int count, char **arguments) {
  bool whole_program = count > 1 && strcmp(arguments[1], "--whole-program") == 0;
  int fault = 0;
  if (count == 5 && strcmp(arguments[1], "--instrument") == 0) return run_instrument(arguments);
  if (count <= 1 + whole_program) {
    fprintf(stderr, "usage: vmo-structures [--whole-program] FILE...\n");
    return 2;
  }
  for (int i = 1 + whole_program; i < count; i++) {
    input in = {0};
    vmo_context *context = vmo_context_create();
    bool fine = context != NULL && read_input(arguments[i], &in) &&
                show(context, (vmo_ll_source){arguments[i], in.bytes, in.length}, whole_program) == VMO_OK;
    if (!fine) fprintf(stderr, "vmo-structures: %s: not analysed\n", arguments[i]);
    fault |= !fine;
    free(in.bytes);
    vmo_context_destroy(context);
  }
  return fault;
}
