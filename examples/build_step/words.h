#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>

#define MOST_WORDS 64

/* The first `length` bytes of a text in lower case; to be freed. NULL: out of memory. */
char *lower_case(const char *text, size_t length);
/* Letters of the longest word. */
size_t longest(const char *text);

#endif
