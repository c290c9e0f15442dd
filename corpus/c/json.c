/* JSON: parsed into a tree of values, changed, printed with and without spaces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind { NOTHING, BOOLEAN, NUMBER, TEXT, ARRAY, OBJECT } kind;

typedef struct value {
  kind kind;
  double number;
  char *text, *key;
  struct value *child, *next;
} value;

typedef struct buffer {
  char *data;
  size_t count, room;
} buffer;

static void *get(size_t bytes) {
  void *p = calloc(1, bytes);
  if (p == NULL) exit(1);
  return p;
}

static void put(buffer *b, const char *words, size_t count) {
  if (b->count + count + 1 > b->room) {
    b->room = (b->count + count + 1) * 2;
    b->data = realloc(b->data, b->room); // local
    if (b->data == NULL) exit(1);
  }
  memcpy(b->data + b->count, words, count);
  b->count += count;
  b->data[b->count] = '\0';
}

static void drop(value *v) {
  while (v != NULL) {
    value *next = v->next;
    drop(v->child);
    free(v->text);
    free(v->key);
    free(v);
    v = next;
  }
}

static const char *skip(const char *at) {
  while (*at == ' ' || *at == '\n') at++;
  return at;
}

static char *copy(const char *from, size_t count) {
  char *to = get(count + 1);
  memcpy(to, from, count);
  return to;
}

static char *read_text(const char **at) {
  buffer b = {NULL, 0, 0};
  put(&b, "", 0);
  for ((*at)++; **at != '"' && **at != '\0'; (*at)++) {
    char c = **at;
    if (c == '\\') c = *++*at == 'n' ? '\n' : **at;
    put(&b, &c, 1);
  }
  if (**at == '"') (*at)++;
  char *text = copy(b.data, b.count);
  free(b.data);
  return text;
}

static value *read(const char **at);

static int read_children(value *v, const char **at, char end) {
  value **last = &v->child;
  for (*at = skip(*at + 1); **at != end; *at = skip(*at)) {
    char *key = NULL;
    if (**at == '\0') return 0;
    if (v->kind == OBJECT) {
      if (**at != '"') return 0;
      key = read_text(at);
      *at = skip(*at);
      if (*(*at)++ != ':') {
        free(key);
        return 0;
      }
    }
    value *child = read(at);
    if (child == NULL) {
      free(key);
      return 0;
    }
    child->key = key;
    *last = child;
    last = &child->next;
    *at = skip(*at);
    if (**at == ',') ++*at;
  }
  ++*at;
  return 1;
}

static value *read(const char **at) {
  value *v = get(sizeof *v);
  *at = skip(*at);
  if (**at == '"') {
    v->kind = TEXT;
    v->text = read_text(at);
  } else if (**at == '[' || **at == '{') {
    v->kind = **at == '[' ? ARRAY : OBJECT;
    if (!read_children(v, at, v->kind == ARRAY ? ']' : '}')) {
      drop(v);
      return NULL;
    }
  } else if (strncmp(*at, "true", 4) == 0 || strncmp(*at, "null", 4) == 0) {
    v->kind = **at == 't' ? BOOLEAN : NOTHING;
    v->number = **at == 't';
    *at += 4;
  } else {
    char *end;
    v->kind = NUMBER;
    v->number = strtod(*at, &end);
    if (end == *at) {
      drop(v);
      return NULL;
    }
    *at = end;
  }
  return v;
}

static void print(const value *v, buffer *out, int spaces);

static void print_text(const char *text, buffer *out) {
  put(out, "\"", 1);
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') put(out, "\\", 1);
    put(out, *text == '\n' ? "\\n" : text, *text == '\n' ? 2 : 1);
  }
  put(out, "\"", 1);
}

static void print_children(const value *v, buffer *out, int spaces) {
  char *indent = malloc((size_t)spaces + 2); // local
  if (indent == NULL) exit(1);
  indent[0] = '\n';
  memset(indent + 1, ' ', (size_t)spaces + 1);
  for (const value *child = v->child; child != NULL; child = child->next) {
    if (spaces > 0) put(out, indent, (size_t)spaces + 1);
    if (child->key != NULL) {
      print_text(child->key, out);
      put(out, ": ", spaces > 0 ? 2 : 1);
    }
    print(child, out, spaces > 0 ? spaces + 2 : 0);
    if (child->next != NULL) put(out, ",", 1);
  }
  free(indent);
}

static void print(const value *v, buffer *out, int spaces) {
  char number[32];
  switch (v->kind) {
  case NOTHING: put(out, "null", 4); break;
  case BOOLEAN: put(out, "true", 4); break;
  case NUMBER: put(out, number, (size_t)snprintf(number, sizeof number, "%g", v->number)); break;
  case TEXT: print_text(v->text, out); break;
  case ARRAY:
  case OBJECT:
    put(out, v->kind == ARRAY ? "[" : "{", 1);
    print_children(v, out, spaces);
    put(out, v->kind == ARRAY ? "]" : "}", 1);
  }
}

static value *find(value *v, const char *key) {
  for (value *child = v->child; child != NULL; child = child->next)
    if (child->key != NULL && strcmp(child->key, key) == 0) return child;
  return NULL;
}

/* Adds one to the number at a path as "a.b". */
static int increment(value *v, const char *path) {
  char *words = strdup(path); // local
  if (words == NULL) exit(1);
  char *word = words;
  while (v != NULL && word != NULL) {
    char *dot = strchr(word, '.');
    if (dot != NULL) *dot = '\0';
    v = find(v, word);
    word = dot != NULL ? dot + 1 : NULL;
  }
  int found = v != NULL && v->kind == NUMBER;
  if (found) v->number++;
  free(words);
  return found;
}

static void show(const value *v, int spaces) {
  buffer out = {NULL, 0, 0};
  print(v, &out, spaces);
  puts(out.data);
  free(out.data);
}

int main(void) {
  static const char *const inputs[] = {
      "{\"a\": {\"b\": 1, \"c\": [1, 2.5, {\"d\": null}]}, \"text\": \"say \\\"hi\\\"\\n\"}",
      "[1, [2, [3, [4, [5, true]]]], \"end\"]", "{\"broken\" 1}", "[1, 2", "[x]"};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    const char *at = inputs[i];
    value *v = read(&at);
    if (v == NULL) {
      printf("%zu: not understood near '%.4s'\n", i, at);
      continue;
    }
    int found = increment(v, "a.b");
    found += increment(v, "a.missing");
    show(v, 0);
    show(v, 1);
    printf("%d incremented\n", found);
    drop(v);
  }
  return 0;
}
