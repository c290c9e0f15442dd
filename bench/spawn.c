/* spawn.c: runs a program and says what it took, as JSON: {"cpu": seconds, "memory": bytes, "faults": pages}.
 *
 *   bench-spawn [--preload=LIBRARY] PROGRAM ARGUMENT...
 *
 * The peak that Linux reports of a process counts what its parent held before the exec, so a parent that is an interpreter
 * hides the peaks of small programs; this one holds next to nothing. What the program prints is thrown away. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char PRELOAD[] = "--preload=";

static void become(char **words, const char *library) {
  int nowhere = open("/dev/null", O_WRONLY);
  if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) _exit(126);
  if (library != NULL && setenv("LD_PRELOAD", library, 1) != 0) _exit(126);
  execvp(words[0], words);
  perror(words[0]);
  _exit(127);
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

int main(int count, char **words) {
  const char *library = NULL;
  if (count > 1 && strncmp(words[1], PRELOAD, sizeof PRELOAD - 1) == 0) {
    library = words[1] + sizeof PRELOAD - 1;
    words++, count--;
  }
  if (count < 2) {
    fprintf(stderr, "usage: bench-spawn [--preload=LIBRARY] PROGRAM ARGUMENT...\n");
    return 2;
  }
  pid_t child = fork();
  if (child == 0) become(words + 1, library);
  int status = 0;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) != child) {
    perror("bench-spawn");
    return 1;
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "%s: status %d\n", words[1], status);
    return 1;
  }
  printf("{\"cpu\": %.6f, \"memory\": %ld, \"faults\": %ld}\n", seconds(usage.ru_utime) + seconds(usage.ru_stime),
         usage.ru_maxrss * 1024, usage.ru_minflt + usage.ru_majflt);
  return 0;
}
