/* run_programs.c: the main of an executable file that holds many programs (tests/random_batches.py).
 *
 *   FILE (FUNCTION COUNT PATH)...
 *
 * Each function is run as a main with COUNT - 1 arguments in a process of its own, forked before anything ran; what it
 * prints goes to PATH.out and PATH.err. Prints a line for each: the function, and its exit code or, below 0, the signal. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 60 /* of processor time, and five times as long by the clock */

typedef int entry(int count, char **arguments);

static void redirect(const char *path, const char *ending, int to) {
  char name[4096];
  snprintf(name, sizeof name, "%s%s", path, ending);
  int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || dup2(file, to) < 0) _exit(126);
  close(file);
}

static void run_program(char **words) {
  char name[] = "program", word[] = "x", *arguments[8] = {name};
  int count = atoi(words[1]);
  if (count < 1 || count > 7) _exit(125);
  for (int i = 1; i < count; i++) arguments[i] = word;
  entry *program = (entry *)dlsym(RTLD_DEFAULT, words[0]);
  if (program == NULL) _exit(127);
  redirect(words[2], ".out", 1);
  redirect(words[2], ".err", 2);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS, SECONDS});
  alarm(5 * SECONDS);
  exit(program(count, arguments));
}

int main(int count, char **arguments) {
  for (int i = 1; i + 2 < count; i += 3) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) run_program(&arguments[i]);
    if (child < 0 || waitpid(child, &status, 0) != child) return 1;
    printf("%s %d\n", arguments[i], WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    fflush(stdout); /* before the next fork */
  }
  return 0;
}
