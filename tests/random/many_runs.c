/* many_runs.c: loaded before a program (LD_PRELOAD), it runs that many times, and starts it once.
 *
 * What a compiler does before its main, to load LLVM and to set its addresses, takes longer than a small file. Here each line of
 * standard input is one run: its words, parted by blanks, are those of a command line. Each is run by the program's own main in a
 * process that is forked where main would have begun. Prints the exit code of each, or below 0 the signal. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_WORDS 64
#define SECONDS 120 /* of processor time, for each run */

typedef int main_function(int count, char **arguments, char **environment);
typedef int start_function(main_function *begin, int count, char **arguments, void (*init)(void), void (*fini)(void),
                           void (*linker_fini)(void), void *stack_end);

static main_function *program;

static int run_line(char *line, char **environment) {
  char *words[MOST_WORDS + 1] = {NULL}, *state = NULL;
  int count = 0, status = 0;
  for (char *word = strtok_r(line, " \n", &state); word != NULL; word = strtok_r(NULL, " \n", &state)) {
    if (count == MOST_WORDS) return 125;
    words[count++] = word;
  }
  pid_t child = fork();
  if (child == 0) {
    setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS, SECONDS});
    int code = program(count, words, environment);
    fflush(NULL);
    _exit(code); /* without LLVM's destructors, whose memory would be copied for it */
  }
  if (child < 0 || waitpid(child, &status, 0) != child) return 126;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int serve(int count, char **arguments, char **environment) {
  static char line[16384];
  (void)count, (void)arguments;
  unsetenv("LD_PRELOAD");          /* what the program starts is started as ever */
  setvbuf(stdin, NULL, _IONBF, 0); /* nothing is read ahead that a forked process would give back when it ends */
  while (fgets(line, sizeof line, stdin) != NULL) {
    printf("%d\n", run_line(line, environment));
    fflush(stdout);
  }
  return 0;
}

/* The C library's, which calls main. */
__attribute__((visibility("default"))) int __libc_start_main(main_function *begin, int count, char **arguments,
                                                             void (*init)(void), void (*fini)(void),
                                                             void (*linker_fini)(void), void *stack_end);

int __libc_start_main(main_function *begin, int count, char **arguments, void (*init)(void), void (*fini)(void),
                      void (*linker_fini)(void), void *stack_end) {
  void *symbol = dlsym(RTLD_NEXT, "__libc_start_main");
  start_function *start;
  memcpy(&start, &symbol, sizeof start);
  program = begin;
  return start(serve, count, arguments, init, fini, linker_fini, stack_end);
}
