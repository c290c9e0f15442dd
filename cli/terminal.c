/* terminal.c: what the place that text goes to can show.
 *
 * Only a terminal gets colours, its own width, and block characters by its locale; a file or a pipe gets the same bytes
 * on every machine: no colours, 100 columns, UTF-8. The progress bar is drawn on standard error alone, and only when
 * that is a terminal and the work has lasted a second. */
#define _DEFAULT_SOURCE         /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#define _POSIX_C_SOURCE 200809L /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

#define WIDTH_OF_FILES 100
#define NARROWEST 60
#define WIDEST 200 /* of a terminal: longer lines are hard to read */
#define BAR_CELLS 30
#define WIDEST_PROGRESS 78

static const char *environment(const char *name) {
  const char *value = getenv(name);
  return value != NULL && *value != '\0' ? value : NULL;
}

bool vmo_use_colour(const vmo_options *options, int file) {
  if (options->colour != VMO_COLOUR_AUTO) return options->colour == VMO_COLOUR_ALWAYS;
  const char *kind = environment("TERM");
  return isatty(file) && environment("NO_COLOR") == NULL && (kind == NULL || strcmp(kind, "dumb") != 0);
}

uint32_t vmo_text_width(const vmo_options *options, int file) {
  struct winsize size;
  if (options->width != 0) return options->width;
  if (!isatty(file) || ioctl(file, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return WIDTH_OF_FILES;
  return size.ws_col < NARROWEST ? NARROWEST : size.ws_col > WIDEST ? WIDEST : size.ws_col;
}

bool vmo_use_unicode(int file) {
  if (!isatty(file)) return true;
  setlocale(LC_CTYPE, "");
  return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* ---- progress ---- */

static struct {
  struct timespec start, last;
  bool started, shown;
} progress;

static double seconds_since(const struct timespec *then, const struct timespec *now) {
  return (double)(now->tv_sec - then->tv_sec) + (double)(now->tv_nsec - then->tv_nsec) / 1e9;
}

static void draw(const char *stage, uint64_t done, uint64_t total) {
  char cells[BAR_CELLS + 1];
  uint64_t full = total > 0 && done < total ? (uint64_t)((double)done / (double)total * BAR_CELLS) : BAR_CELLS;
  for (uint64_t i = 0; i < BAR_CELLS; i++) cells[i] = i < full ? '#' : '.';
  cells[BAR_CELLS] = '\0';
  fprintf(stderr, "\r[%s] %-30.30s", cells, stage);
  fflush(stderr);
}

/* Whether it is time to show how far the work is: on a terminal, after a second, ten times a second. */
static bool is_due(void) {
  struct timespec now;
  if (!isatty(STDERR_FILENO) || clock_gettime(CLOCK_MONOTONIC, &now) != 0) return false;
  if (!progress.started) {
    progress.started = true;
    progress.start = progress.last = now;
  }
  if (seconds_since(&progress.start, &now) < 1 || (progress.shown && seconds_since(&progress.last, &now) < 0.1))
    return false;
  progress.shown = true;
  progress.last = now;
  return true;
}

bool vmo_has_progress(void) { return isatty(STDERR_FILENO); }

void vmo_show_progress(void *user, const char *stage, uint64_t done, uint64_t total) {
  (void)user;
  if (is_due()) draw(stage, done, total);
}

void vmo_show_search(void *user, const vmo_progress *search) {
  (void)user;
  if (!is_due()) return;
  char line[WIDEST_PROGRESS + 1];
  snprintf(line, sizeof line, "height %lld B, bound %lld B, %llu nodes", (long long)search->height,
           (long long)search->floor, (unsigned long long)search->nodes);
  fprintf(stderr, "\r%-*s", WIDEST_PROGRESS, line);
  fflush(stderr);
}

void vmo_clear_progress(void) {
  if (progress.shown) fprintf(stderr, "\r%*s\r", WIDEST_PROGRESS, "");
  progress.shown = false;
}
