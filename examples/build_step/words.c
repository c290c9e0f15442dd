#include "words.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

char *lower_case(const char *text, size_t length) {
  char *copy = malloc(length + 1);
  if (copy == NULL) return NULL;
  for (size_t i = 0; i < length; i++) copy[i] = (char)tolower((unsigned char)text[i]);
  copy[length] = '\0';
  return copy;
}

/* Its copy of the text lives until it returns: the pass puts it on the stack. */
size_t longest(const char *text) {
  size_t most = 0;
  char *copy = strdup(text);
  if (copy == NULL) return 0;
  for (char *word = copy; *word != '\0';) {
    size_t length = strcspn(word, " ,.");
    bool last = word[length] == '\0';
    word[length] = '\0';
    if (length > most) most = length;
    word += length + !last;
  }
  free(copy);
  return most;
}
