/* driver.c: what a compiler's command line asks for, as far as `cc` must know it: which compiler, whether something is
 * compiled, whether a program is linked from bitcode.
 *
 * Words are read as clang's driver reads them: options that take the next word are listed, -x says what inputs are,
 * @FILE stands for the words in FILE. An option that is not known is passed over. */
#define _XOPEN_SOURCE 700 /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define DEEPEST 8 /* response files within response files */

typedef struct word_reader {
  vmo_context *context;
  vmo_driver *driver;
  const char *pending;  /* an option that takes the next word */
  const char *language; /* of -x */
  bool whole_modules, lld, compiler_seen;
  int depth;
} word_reader;

static bool is_one_of(const char *word, const char *const *words, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(word, words[i]) == 0) return true;
  return false;
}

#define IS_ONE_OF(word, words) is_one_of(word, words, sizeof words / sizeof *(words))

static bool begins_with(const char *word, const char *start) { return strncmp(word, start, strlen(start)) == 0; }

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

/* ---- the compiler ---- */

/* The file that a word would run, all links followed, in `path`; false when there is none. */
static bool find_program(const char *word, char path[PATH_MAX]) {
  if (strchr(word, '/') != NULL) return realpath(word, path) != NULL;
  const char *folders = getenv("PATH");
  for (const char *at = folders != NULL ? folders : ""; *at != '\0';) {
    size_t length = strcspn(at, ":"), name = strlen(word);
    char candidate[PATH_MAX];
    if (length + name + 2 <= sizeof candidate) {
      memcpy(candidate, at, length);
      candidate[length] = '/';
      memcpy(candidate + length + 1, word, name + 1);
      if (access(candidate, X_OK) == 0) return realpath(candidate, path) != NULL;
    }
    at += length + (at[length] == ':');
  }
  return false;
}

/* gcc by whatever name, as cc often is; a program that is none of both may be a wrapper of clang. */
static const char *foreign_compiler(const char *word) {
  char path[PATH_MAX];
  const char *name = find_program(word, path) ? base_name(path) : base_name(word);
  if (strstr(name, "clang") != NULL) return NULL;
  if (strstr(name, "gcc") != NULL || strstr(name, "g++") != NULL) return "gcc";
  return strcmp(name, "tcc") == 0 ? "tcc" : strcmp(name, "icc") == 0 ? "icc" : NULL;
}

static bool is_launcher(const char *word) { return strcmp(base_name(word), "ccache") == 0; }

/* ---- words ---- */

static bool is_source(const word_reader *reader, const char *word) {
  static const char *const suffixes[] = {".c",  ".i",  ".cc", ".cp", ".cxx", ".cpp", ".CPP", ".c++", ".C",
                                         ".ii", ".bc", ".ll", ".m",  ".mi",  ".mm",  ".mii", ".M"};
  if (reader->language != NULL)
    return strstr(reader->language, "assembler") == NULL && strcmp(reader->language, "object") != 0;
  const char *dot = strrchr(base_name(word), '.');
  return dot != NULL && IS_ONE_OF(dot, suffixes);
}

/* By the first bytes. What is no such file, as an archive or a script, may hold LLVM IR. */
static void take_object(vmo_driver *driver, const char *path) {
  char bytes[4] = {0};
  int file = open(path, O_RDONLY | O_CLOEXEC);
  bool whole = file >= 0 && read(file, bytes, 4) == 4;
  if (file >= 0) close(file);
  if (whole && (memcmp(bytes, "BC\xc0\xde", 4) == 0 || memcmp(bytes, "\xde\xc0\x17\x0b", 4) == 0)) {
    driver->bitcode_count++;
  } else if (!whole || memcmp(bytes, "\177ELF", 4) != 0) {
    driver->other_count++;
  } else if (driver->machine_object == NULL) {
    driver->machine_object = path;
  }
}

static void take_input(word_reader *reader, const char *word) {
  vmo_driver *driver = reader->driver;
  if (!is_source(reader, word)) {
    take_object(driver, word);
    return;
  }
  if (driver->source_count++ == 0) driver->source = word;
}

static void take_value(word_reader *reader, const char *option, const char *value) {
  if (strcmp(option, "-o") == 0) reader->driver->output = value;
  if (strcmp(option, "-x") == 0) reader->language = strcmp(value, "none") == 0 ? NULL : value;
}

static void take_option(word_reader *reader, const char *word) {
  static const char *const with_value[] = {"-o",
                                           "-x",
                                           "-I",
                                           "-D",
                                           "-U",
                                           "-L",
                                           "-l",
                                           "-include",
                                           "-imacros",
                                           "-isystem",
                                           "-iquote",
                                           "-idirafter",
                                           "-iprefix",
                                           "-isysroot",
                                           "-iwithprefix",
                                           "-MF",
                                           "-MT",
                                           "-MQ",
                                           "-MJ",
                                           "-Xclang",
                                           "-Xlinker",
                                           "-Xassembler",
                                           "-Xpreprocessor",
                                           "-mllvm",
                                           "-target",
                                           "-T",
                                           "-z",
                                           "-u",
                                           "-e",
                                           "-arch",
                                           "-include-pch",
                                           "--sysroot",
                                           "--param",
                                           "-Xanalyzer",
                                           "-framework",
                                           "-F",
                                           "-iframework",
                                           "-cxx-isystem",
                                           "-Xarch_host",
                                           "-fplugin",
                                           "-aux-info",
                                           "-G",
                                           "-A",
                                           "-B",
                                           "-gcc-toolchain"};
  static const char *const early[] = {"-E", "-M",   "-MM",    "-fsyntax-only", "--version",
                                      "-v", "-###", "--help", "-dumpversion",  "-dumpmachine"};
  static const char *const whole[] = {"-flto", "-flto=full", "-flto=auto", "-flto=jobserver"};
  vmo_driver *driver = reader->driver;
  if (IS_ONE_OF(word, with_value)) {
    reader->pending = word;
  } else if (strcmp(word, "-c") == 0 || strcmp(word, "-S") == 0) {
    driver->stops_at_object = true;
  } else if (strcmp(word, "-") == 0) {
    take_input(reader, word);
  } else if (IS_ONE_OF(word, early) || begins_with(word, "-print-")) {
    driver->stops_early |= strcmp(word, "-v") != 0;
  } else if (begins_with(word, "-o")) {
    driver->output = word + 2;
  } else if (begins_with(word, "-x")) {
    take_value(reader, "-x", word + 2);
  } else if (IS_ONE_OF(word, whole)) {
    reader->whole_modules = true;
  } else if (begins_with(word, "-flto=") || strcmp(word, "-fno-lto") == 0) {
    reader->whole_modules = false;
  } else if (begins_with(word, "-fuse-ld=")) {
    reader->lld = strstr(base_name(word + strlen("-fuse-ld=")), "lld") != NULL;
  } else if (begins_with(word, "--ld-path=")) {
    reader->lld = strstr(base_name(word + strlen("--ld-path=")), "lld") != NULL;
  }
}

static bool read_response(word_reader *reader, const char *path);

static bool take_word(word_reader *reader, const char *word) {
  if (reader->pending != NULL) {
    take_value(reader, reader->pending, word);
    reader->pending = NULL;
    return true;
  }
  if (word[0] == '@' && word[1] != '\0' && access(word + 1, R_OK) == 0) return read_response(reader, word + 1);
  if (word[0] == '-') {
    take_option(reader, word);
  } else {
    take_input(reader, word);
  }
  return true;
}

/* Cuts one word, in place: quotes and backslashes as a shell has them. NULL at the end. */
static char *next_word(char **text) {
  char *from = *text + strspn(*text, " \t\r\n"), *word = from, *to = from, quote = '\0';
  if (*from == '\0') return NULL;
  for (; *from != '\0' && (quote != '\0' || strchr(" \t\r\n", *from) == NULL); from++) {
    if (*from == '\\' && from[1] != '\0' && quote != '\'') {
      *to++ = *++from;
    } else if (quote == '\0' && (*from == '"' || *from == '\'')) {
      quote = *from;
    } else if (*from == quote) {
      quote = '\0';
    } else {
      *to++ = *from;
    }
  }
  *text = *from != '\0' ? from + 1 : from;
  *to = '\0';
  return word;
}

static bool read_response(word_reader *reader, const char *path) {
  size_t length;
  if (reader->depth == DEEPEST) return true; /* the compiler says what is wrong with it */
  char *bytes = vmo_read_file(reader->context, path, &length);
  if (bytes == NULL) return false;
  char *text = vmr_arena_copy_text(reader->context->arena, bytes, length);
  free(bytes);
  bool fine = text != NULL;
  reader->depth++;
  for (char *word; fine && (word = next_word(&text)) != NULL;) fine = take_word(reader, word);
  reader->depth--;
  return fine;
}

bool vmo_read_driver(vmo_context *context, char *const *words, int count, vmo_driver *driver) {
  word_reader reader = {.context = context, .driver = driver};
  int first = 0;
  *driver = (vmo_driver){0};
  while (first < count && (is_launcher(words[first]) || (first > 0 && words[first][0] == '-'))) first++;
  if (first == count) return true;
  driver->compiler = words[first];
  driver->is_cached = first > 0;
  driver->other_compiler = foreign_compiler(words[first]);
  for (int i = first + 1; i < count; i++)
    if (!take_word(&reader, words[i])) return false;
  driver->links = !driver->stops_at_object && !driver->stops_early;
  driver->links_bitcode = reader.whole_modules && reader.lld && !driver->stops_at_object && !driver->stops_early;
  return true;
}
