/* output.c: writes files so that nothing half-written ever stands in their place.
 *
 *   open     a temporary file beside the target, with the target's permissions
 *   close    everything is written and the system has accepted it
 *   commit   the temporary file is renamed over the target
 *
 * Terminals, pipes and devices are written directly: they must not be replaced. A symbolic link is kept, and the file
 * it names replaced. On an interrupt the temporary files are removed. */
#define _XOPEN_SOURCE 700 /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define SUFFIX ".vmemopt-XXXXXX"
#define MOST_TEMPORARIES 1024 /* at the same time; those beyond are left behind by a signal */
#define PERMISSIONS 0777

static bool cannot_write(vmo_context *context, const char *path, int error) {
  vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_CANNOT_WRITE, (vmo_location){0}, "cannot write %s: %s",
                                       vmo_is_standard_output(path) ? "standard output" : path, strerror(error));
  if (added != NULL) added->source = "vmemopt"; /* it is no fault of the input */
  return false;
}

/* ---- temporary files die with the process ---- */

static const char *volatile temporaries[MOST_TEMPORARIES];

static void remove_and_die(int signal_number) {
  for (int i = 0; i < MOST_TEMPORARIES; i++) {
    if (temporaries[i] != NULL) unlink(temporaries[i]);
  }
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

static void remember(const char *temporary) {
  static const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGXFSZ};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction action;
    bool ours = sigaction(signals[i], NULL, &action) == 0 && action.sa_handler == SIG_DFL;
    if (ours) signal(signals[i], remove_and_die);
  }
  for (int i = 0; i < MOST_TEMPORARIES; i++) {
    if (temporaries[i] != NULL) continue;
    temporaries[i] = temporary;
    return;
  }
}

static void forget(const char *temporary) {
  for (int i = 0; i < MOST_TEMPORARIES; i++) {
    if (temporaries[i] == temporary) temporaries[i] = NULL;
  }
}

/* ---- opening ---- */

/* Gives closed standard files a file that can be neither read nor written, so that none that is opened later is taken
 * for one of them. */
void vmo_occupy_standard_files(void) {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
    if (fcntl(file, F_GETFD) < 0 && errno == EBADF) {
      int other = open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY);
      if (other >= 0 && other != file) close(other);
    }
  }
}

static bool write_to_file(void *user, const char *data, size_t count) {
  vmo_output *output = user;
  while (count > 0) {
    ssize_t written = write(output->file, data, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      output->error = errno;
      return false;
    }
    data += written;
    count -= (size_t)written;
  }
  return true;
}

/* 0 to 9 for the names that a system gives to open files; -1 for other paths. */
static int named_descriptor(const char *path) {
  static const char *const prefixes[] = {"/dev/fd/", "/proc/self/fd/"};
  if (vmo_is_standard_output(path)) return STDOUT_FILENO;
  if (strcmp(path, "/dev/stderr") == 0) return STDERR_FILENO;
  for (int i = 0; i < 2; i++) {
    size_t length = strlen(prefixes[i]);
    if (strncmp(path, prefixes[i], length) != 0) continue;
    const char *number = path + length;
    if (number[0] >= '0' && number[0] <= '9' && number[1] == '\0') return number[0] - '0';
  }
  return -1;
}

/* The file that a path names, symbolic links followed as far as they go; a file that is not there yet keeps its
 * path. In the context's arena. */
static const char *follow_links(vmo_context *context, const char *path) {
  char *real = realpath(path, NULL);
  const char *copy =
      vmr_arena_copy_text(context->arena, real != NULL ? real : path, strlen(real != NULL ? real : path));
  free(real);
  return copy;
}

static mode_t permissions_of_new_file(void) {
  mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

static bool open_temporary(vmo_context *context, vmo_output *output, mode_t mode) {
  size_t length = strlen(output->target);
  char *name = vmo_alloc(context, length + sizeof SUFFIX);
  if (name == NULL) return cannot_write(context, output->path, ENOMEM);
  memcpy(name, output->target, length);
  memcpy(name + length, SUFFIX, sizeof SUFFIX);
  output->file = mkstemp(name);
  if (output->file < 0) return cannot_write(context, output->path, errno);
  output->temporary = name;
  remember(name);
  if (fchmod(output->file, mode) == 0) return true;
  return cannot_write(context, output->path, errno);
}

static bool open_path(vmo_context *context, vmo_output *output, const char *path) {
  struct stat information;
  int descriptor = named_descriptor(path);
  if (descriptor >= 0) {
    output->file = dup(descriptor);
    return output->file >= 0 || cannot_write(context, path, errno);
  }
  bool exists = stat(path, &information) == 0;
  if (!exists && errno != ENOENT) return cannot_write(context, path, errno);
  if (exists && S_ISDIR(information.st_mode)) return cannot_write(context, path, EISDIR);
  bool direct = exists && !S_ISREG(information.st_mode);
  if (!exists) direct = lstat(path, &information) == 0; /* a symbolic link to what is not there yet */
  if (direct) {
    output->file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    return output->file >= 0 || cannot_write(context, path, errno);
  }
  if (exists && access(path, W_OK) != 0) return cannot_write(context, path, errno);
  output->target = follow_links(context, path);
  if (output->target == NULL) return cannot_write(context, path, ENOMEM);
  return open_temporary(context, output, exists ? information.st_mode & PERMISSIONS : permissions_of_new_file());
}

bool vmo_open_output(vmo_context *context, vmo_output *output, const char *path) {
  *output = (vmo_output){.path = path, .file = -1};
  if (open_path(context, output, path)) {
    vmo_text_init_sink(&output->text, write_to_file, output);
    return true;
  }
  vmo_discard_output(output);
  return false;
}

/* ---- ending ---- */

bool vmo_close_output(vmo_context *context, vmo_output *output) {
  if (output->file < 0) return true;
  bool fine = vmo_text_flush(&output->text);
  int error = output->error != 0 ? output->error : ENOMEM;
  if (close(output->file) != 0 && fine) {
    fine = false;
    error = errno;
  }
  output->file = -1;
  vmo_text_free(&output->text);
  return fine || cannot_write(context, output->path, error);
}

bool vmo_commit_output(vmo_context *context, vmo_output *output) {
  if (output->temporary == NULL) return true;
  if (rename(output->temporary, output->target) != 0) return cannot_write(context, output->path, errno);
  forget(output->temporary);
  output->temporary = NULL;
  return true;
}

void vmo_discard_output(vmo_output *output) {
  if (output->file >= 0) close(output->file);
  output->file = -1;
  vmo_text_free(&output->text);
  if (output->temporary == NULL) return;
  unlink(output->temporary);
  forget(output->temporary);
  output->temporary = NULL;
}
