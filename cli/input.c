/* input.c: reads an input whole and tells its kind by its content.
 *
 * A name says nothing: a model may come through a pipe. What is no known foreign format and no table of buffers is
 * taken for VMIR text, whose parser says best what is wrong with it. */
#define _POSIX_C_SOURCE 200809L /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define FIRST_READ ((size_t)64 << 10)
#define LARGEST_INPUT ((size_t)UINT32_MAX) /* places are counted in 32 bits */
#define LOOKED_AT 4096

/* ---- bytes ---- */

/* Whatever was read before, as the module whose profile this is, is not at fault. */
static void cannot_read(vmo_context *context, const char *path, const char *reason) {
  vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_CANNOT_READ, (vmo_location){0}, "cannot read %s: %s",
                                       strcmp(path, "-") == 0 ? "standard input" : path, reason);
  if (added != NULL) added->source = "vmemopt";
}

/* Reads to the end; NULL with errno set. EFBIG: too large. */
static char *read_all(int file, size_t *length) {
  size_t count = 0, capacity = FIRST_READ;
  char *bytes = malloc(capacity + 1);
  while (bytes != NULL) {
    ssize_t got = read(file, bytes + count, capacity - count);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) {
      bytes[count] = '\0';
      *length = count;
      return bytes;
    }
    if (got > 0) count += (size_t)got;
    if (got > 0 && count >= LARGEST_INPUT) errno = EFBIG;
    if (got < 0 || count >= LARGEST_INPUT) break;
    if (count < capacity) continue;
    capacity *= 2;
    char *larger = realloc(bytes, capacity + 1);
    if (larger == NULL) break;
    bytes = larger;
  }
  int error = bytes == NULL ? ENOMEM : errno;
  free(bytes);
  errno = error;
  return NULL;
}

char *vmo_read_file(vmo_context *context, const char *path, size_t *length) {
  bool standard = strcmp(path, "-") == 0;
  int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    cannot_read(context, path, strerror(errno));
    return NULL;
  }
  struct stat information;
  char *bytes = NULL;
  if (fstat(file, &information) == 0 && S_ISDIR(information.st_mode)) {
    errno = EISDIR;
  } else {
    bytes = read_all(file, length);
  }
  int error = errno;
  if (!standard) close(file);
  if (bytes == NULL) cannot_read(context, path, error == EFBIG ? "it has 4 GiB or more" : strerror(error));
  return bytes;
}

/* ---- kinds ---- */

static const char c_source[] = "C or C++ source", object_file[] = "an ELF object file or program",
                  archive[] = "an archive of object files";

static bool begins_with(const char *text, size_t length, const char *start, size_t start_length) {
  return length >= start_length && memcmp(text, start, start_length) == 0;
}

#define BEGINS(literal) begins_with(text, length, literal, sizeof(literal) - 1)

/* The first line that is not blank, without its end. */
static const char *first_line(const char *text, size_t length, size_t *line_length) {
  size_t at = BEGINS("\xef\xbb\xbf") ? 3 : 0;
  while (at < length && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0') at++;
  const char *end = memchr(text + at, '\n', length - at);
  *line_length = end != NULL ? (size_t)(end - text) - at : length - at;
  return text + at;
}

/* Bitcode, or text whose first line that is no comment begins as one of LLVM IR; `;` begins comments nowhere else. */
static bool is_llvm(const char *text, size_t length) {
  static const char *const starts[] = {"source_filename", "target ", "define ", "declare ", "module asm",
                                       "attributes #",    "@",       "%",       "!",        "$"};
  if (BEGINS("!<arch>\n")) return false;
  if (BEGINS("BC\xc0\xde") || BEGINS("\xde\xc0\x17\x0b")) return true;
  if (BEGINS(";")) return true;
  size_t line_length;
  const char *line = first_line(text, length, &line_length);
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
    if (begins_with(line, line_length, starts[i], strlen(starts[i]))) return true;
  return false;
}

/* Formats that are known by their first bytes. */
static const char *known_format(const char *text, size_t length) {
  if (BEGINS("\177ELF")) return object_file;
  if (BEGINS("\x1f\x8b")) return "a gzip archive";
  if (BEGINS("PK\x03\x04")) return "a zip archive";
  if (BEGINS("\xff\xfe") || BEGINS("\xfe\xff")) return "UTF-16 text; VMIR is UTF-8";
  if (BEGINS("!<arch>\n")) return archive;
  if (BEGINS("{") || BEGINS("[")) return "JSON";
  /* A protocol buffer whose field 1 is a small number and whose field 2, 3 or 7 is text or a message: that is how an
   * ONNX model begins (ir_version, then producer_name, producer_version or graph). */
  if (length > 3 && text[0] == 0x08 && text[1] > 0 && text[1] < 32 &&
      (text[2] == 0x12 || text[2] == 0x1a || text[2] == 0x3a)) {
    return "an ONNX model";
  }
  return NULL;
}

static bool is_binary(const char *text, size_t length) {
  size_t strange = 0, seen = length < LOOKED_AT ? length : LOOKED_AT;
  for (size_t i = 0; i < seen; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (byte == 0) return true;
    strange += byte < 0x20 && (byte < '\t' || byte > '\r');
  }
  return strange > seen / 16;
}

/* C begins with a comment that VMIR does not have, a directive, or a word that begins declarations there and nothing here. */
static bool is_c(const char *text, size_t length) {
  static const char *const starts[] = {
      "/*",      "#include", "#define",  "#if",        "#pragma",   "#undef",     "auto ",
      "char ",   "class ",   "const ",   "double ",    "enum ",     "extern ",    "float ",
      "inline ", "int ",     "long ",    "namespace ", "register ", "short ",     "signed ",
      "static ", "struct ",  "template", "typedef ",   "typename ", "union ",     "unsigned ",
      "using ",  "void ",    "void*",    "volatile ",  "_Bool ",    "_Noreturn ", "_Static_assert("};
  size_t line_length;
  const char *end = text + length, *line = first_line(text, length, &line_length);
  while (line_length > 1 && line[0] == '/' && line[1] == '/')
    line = first_line(line + line_length, (size_t)(end - line) - line_length, &line_length);
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
    if (begins_with(line, line_length, starts[i], strlen(starts[i]))) return true;
  return false;
}

static bool is_word(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    bool letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z');
    if (!letter && text[i] != '_' && !(text[i] >= '0' && text[i] <= '9')) return false;
  }
  return length > 0;
}

/* The header of a table: words apart by commas, of which one is a column that every table of buffers has. What is apart
 * by semicolons or tabs is meant as one, and its reader says what is wrong. */
static bool is_csv(const char *text, size_t length) {
  size_t line_length, columns = 0;
  bool known = false;
  const char *line = first_line(text, length, &line_length);
  for (size_t begin = 0, next; begin <= line_length; begin = next + 1, columns++) {
    for (next = begin; next < line_length && line[next] != ',' && line[next] != ';' && line[next] != '\t';) next++;
    size_t from = begin, to = next;
    while (from < to && strchr(" \"", line[from]) != NULL) from++;
    while (to > from && strchr(" \"\r", line[to - 1]) != NULL) to--;
    if (!is_word(line + from, to - from)) return false;
    known = known || (to - from == 4 && memcmp(line + from, "size", 4) == 0) ||
            (to - from == 5 && memcmp(line + from, "lower", 5) == 0);
  }
  return columns > 1 && known;
}

vmo_input_kind vmo_detect_kind(const char *text, size_t length, const char **looks_like) {
  *looks_like = NULL;
  if (is_llvm(text, length)) return VMO_INPUT_LLVM;
  *looks_like = known_format(text, length);
  if (*looks_like == NULL && is_binary(text, length)) *looks_like = "binary data of an unknown kind";
  if (*looks_like == NULL && is_c(text, length)) *looks_like = c_source;
  if (*looks_like != NULL) return VMO_INPUT_UNSUPPORTED;
  return is_csv(text, length) ? VMO_INPUT_CSV : VMO_INPUT_VMIR;
}

/* ---- the input of a command ---- */

static bool is_blank(const char *text, size_t length) { return strspn(text, " \t\r\n") == length; }

/* How to get what is read; `path` is what was given. */
static void hint_at_reader(vmo_cli *cli, vmo_diagnostic *added, const char *path, vmo_input_kind kind,
                           const char *looks_like) {
  static const char *const hints[] = {[VMO_INPUT_UNSUPPORTED] = "vmemopt reads VMIR text, LLVM IR and CSVs of buffers",
                                      [VMO_INPUT_VMIR] = "vmemopt analyze reads it",
                                      [VMO_INPUT_CSV] = "vmemopt plan reads it",
                                      [VMO_INPUT_LLVM] = "vmemopt analyze and vmemopt opt read it"};
  if (looks_like == c_source) {
    const char *name = strcmp(path, "-") == 0 ? "program.c" : path;
    const char *slash = strrchr(name, '/'), *base = slash != NULL ? slash + 1 : name, *dot = strrchr(base, '.');
    int stem = dot != NULL ? (int)(dot - base) : (int)strlen(base);
    vmo_diag_hint(cli->context, added,
                  "clang-" VMO_LLVM_MAJOR " -g -O2 -emit-llvm -c %s -o %.*s.bc makes LLVM IR of it", name, stem, base);
  } else if (looks_like == object_file || looks_like == archive) {
    vmo_diag_hint(cli->context, added,
                  "LLVM IR of a program is read: clang-" VMO_LLVM_MAJOR
                  " -g -O2 -emit-llvm -c makes it of each source");
  } else {
    vmo_diag_hint(cli->context, added, "%s", hints[kind]);
  }
}

/* "this looks like X, which plan does not support", and who does. */
static vmo_status refuse_kind(vmo_cli *cli, vmo_input_kind kind, const char *looks_like) {
  static const char *const names[] = {[VMO_INPUT_UNSUPPORTED] = "",
                                      [VMO_INPUT_VMIR] = "VMIR text",
                                      [VMO_INPUT_CSV] = "a CSV of buffers",
                                      [VMO_INPUT_LLVM] = "LLVM IR"};
  vmo_diagnostic *added = vmo_diag_add(cli->context, VMO_DIAG_UNSUPPORTED_INPUT, (vmo_location){0},
                                       "this looks like %s, which %s does not support",
                                       looks_like != NULL ? looks_like : names[kind], cli->command->name);
  hint_at_reader(cli, added, cli->options.input, kind, looks_like);
  return VMO_INPUT_ERROR;
}

vmo_status vmo_refuse_foreign_module(vmo_cli *cli, const char *path, const char *text, size_t length) {
  const char *looks_like;
  vmo_input_kind kind = vmo_detect_kind(text, length, &looks_like);
  if (kind == VMO_INPUT_LLVM) return VMO_OK;
  vmo_diagnostic *added = vmo_diag_add(cli->context, VMO_DIAG_UNSUPPORTED_INPUT, (vmo_location){0},
                                       "%s looks like %s, and no module of LLVM IR", path,
                                       is_blank(text, length) ? "an empty file"
                                       : looks_like != NULL   ? looks_like
                                                              : "another kind of text");
  hint_at_reader(cli, added, path, VMO_INPUT_UNSUPPORTED, looks_like);
  return VMO_INPUT_ERROR;
}

static vmo_status check_kind(vmo_cli *cli, unsigned wanted, size_t length) {
  const char *looks_like;
  if (is_blank(cli->source, length)) {
    vmo_diag_add(cli->context, VMO_DIAG_EMPTY_INPUT, (vmo_location){0}, "the input is empty");
    return VMO_INPUT_ERROR;
  }
  cli->input_kind = vmo_detect_kind(cli->source, length, &looks_like);
  if ((cli->input_kind & wanted) != 0) return VMO_OK;
  /* A CSV with a wrong header: its reader says which columns are missing. */
  bool headless = cli->input_kind == VMO_INPUT_VMIR && memchr(cli->source, ',', length) != NULL &&
                  memchr(cli->source, '{', length) == NULL;
  if (!headless) return refuse_kind(cli, cli->input_kind, looks_like);
  cli->input_kind = VMO_INPUT_CSV;
  return VMO_OK;
}

vmo_status vmo_load_input(vmo_cli *cli, unsigned wanted) {
  size_t length;
  const char *path = cli->options.input;
  cli->source = vmo_read_file(cli->context, path, &length);
  if (cli->source == NULL) return VMO_INPUT_ERROR;
  vmo_status status =
      vmo_context_set_source(cli->context, strcmp(path, "-") == 0 ? "<stdin>" : path, cli->source, length);
  return status == VMO_OK ? check_kind(cli, wanted, length) : status;
}

vmo_status vmo_refuse_more_inputs(vmo_cli *cli) {
  if (cli->options.more_inputs.count == 0) return VMO_OK;
  vmo_diagnostic *added = vmo_diag_add(cli->context, VMO_DIAG_UNSUPPORTED_INPUT, (vmo_location){0},
                                       "%s is a second input: several are read when they are modules of LLVM IR",
                                       cli->options.more_inputs.data[0]);
  vmo_diag_hint(cli->context, added, "%s each program by itself", cli->command->name);
  return VMO_INPUT_ERROR;
}

/* ---- options for one kind ---- */

unsigned vmo_kinds_of_option(vmo_option_id option) {
  switch (option) {
  case VMO_OPTION_TIMELINE:
  case VMO_OPTION_DIM:
  case VMO_OPTION_ALIGN:
  case VMO_OPTION_MAX_PEAK:
  case VMO_OPTION_RESULTS:
  case VMO_OPTION_OPTIMISE:
  case VMO_OPTION_PASSES:
  case VMO_OPTION_DUMP: return VMO_INPUT_VMIR;
  case VMO_OPTION_INSTRUMENT:
  case VMO_OPTION_MAX_STACK:
  case VMO_OPTION_MAX_FRAME:
  case VMO_OPTION_WHOLE_PROGRAM:
  case VMO_OPTION_HEAPS:
  case VMO_OPTION_PROFILE:
  case VMO_OPTION_EXPLAIN_SITE:
  case VMO_OPTION_REMARKS: return VMO_INPUT_LLVM;
  default: return VMO_INPUT_VMIR | VMO_INPUT_LLVM;
  }
}

bool vmo_check_option_kinds(vmo_cli *cli) {
  bool is_llvm = cli->input_kind == VMO_INPUT_LLVM;
  for (int id = 0; id < VMO_OPTION_COUNT; id++) {
    if (!cli->options.given[id] || (vmo_kinds_of_option((vmo_option_id)id) & cli->input_kind) != 0) continue;
    const char *hint =
        id == VMO_OPTION_MAX_PEAK
            ? "no peak of LLVM IR is tested; --max-stack and --max-frame limit what moves to the stack"
            : "leave it out; vmemopt COMMAND --help says which options are for VMIR and which for LLVM IR";
    vmo_usage_error(cli, hint, "--%s is for %s, and the input is %s", vmo_option_infos[id].name,
                    is_llvm ? "VMIR" : "LLVM IR", is_llvm ? "LLVM IR" : "VMIR");
    return false;
  }
  return true;
}
