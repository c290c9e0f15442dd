/* string_builder.c: texts that grow by realloc, are handed on, and are thrown away; short ones and long ones. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct builder {
  char *text;
  size_t length, capacity;
} builder;

static builder *begin(size_t capacity) {
  builder *b = malloc(sizeof *b); // local
  b->text = malloc(capacity);     // local
  b->length = 0;
  b->capacity = capacity;
  b->text[0] = '\0';
  return b;
}

static void add(builder *b, const char *text) {
  size_t length = strlen(text);
  if (b->length + length + 1 > b->capacity) {
    while (b->length + length + 1 > b->capacity) b->capacity *= 2;
    b->text = realloc(b->text, b->capacity);
  }
  memcpy(b->text + b->length, text, length + 1);
  b->length += length;
}

static void add_number(builder *b, long number) {
  char *digits = malloc(24); // local
  snprintf(digits, 24, "%ld", number);
  add(b, digits);
  free(digits);
}

static void drop(builder *b) {
  free(b->text);
  free(b);
}

static char *join(const char *const *words, int count, const char *between) {
  size_t length = 1;
  for (int i = 0; i < count; i++) length += strlen(words[i]) + strlen(between);
  char *text = malloc(length); // local
  text[0] = '\0';
  for (int i = 0; i < count; i++) {
    if (i > 0) strcat(text, between);
    strcat(text, words[i]);
  }
  return text;
}

static char *reversed(const char *text) {
  size_t length = strlen(text);
  char *copy = malloc(length + 1); // local
  for (size_t i = 0; i < length; i++) copy[i] = text[length - 1 - i];
  copy[length] = '\0';
  return copy;
}

static int is_palindrome(const char *text) {
  char *back = reversed(text);
  int same = strcmp(text, back) == 0;
  free(back);
  return same;
}

int main(void) {
  static const char *const words[] = {"level", "noon", "tree", "radar", "heap", "civic", "x"};
  int count = (int)(sizeof words / sizeof *words);
  char *line = join(words, count, ", ");
  printf("%s\n", line);
  free(line);
  for (int i = 0; i < count; i++) printf("%s %d\n", words[i], is_palindrome(words[i]));
  for (int size = 1; size < 2000; size *= 7) {
    builder *b = begin(8);
    for (int i = 0; i < size; i++) {
      add_number(b, i * 37 % 101);
      add(b, i % 5 ? " " : "; ");
    }
    unsigned long hash = 5381;
    for (size_t i = 0; i < b->length; i++) hash = hash * 33 + (unsigned char)b->text[i];
    printf("%zu %lx %.20s\n", b->length, hash, b->text);
    drop(b);
  }
  char *copy = strdup("the end"); // local
  puts(copy);
  free(copy);
  return 0;
}
