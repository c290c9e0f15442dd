/* npy.c: the head of a .npy file: a preamble, and a dictionary in Python's syntax.
 *
 * The reader takes any order of the three keys, either kind of quotes and any blanks, as Python itself would, and nothing
 * else: what NumPy writes for records ("descr" is a list then) is told apart from what is broken. Linear in the head. */
#include "support/npy.h"

#include <string.h>

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6
#define PADDING 64
#define WIDEST_ELEMENT 1000000

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define NATIVE_ORDER '>'
#else
#define NATIVE_ORDER '<'
#endif

/* ---- the preamble ---- */

static uint32_t byte_at(const char *bytes, size_t at) { return (unsigned char)bytes[at]; }

const char *vmo_measure_npy(const char *bytes, size_t length, size_t *head_bytes) {
  if (length < MAGIC_BYTES || memcmp(bytes, MAGIC, MAGIC_BYTES) != 0) return "it is no .npy file";
  if (length < 10) return "it is cut off in its head";
  uint32_t major = byte_at(bytes, 6), minor = byte_at(bytes, 7);
  if (major < 1 || major > 3 || minor != 0) return "its version of the .npy format is none of 1.0, 2.0 and 3.0";
  size_t text = byte_at(bytes, 8) | byte_at(bytes, 9) << 8;
  if (major > 1) {
    if (length < VMO_NPY_PREAMBLE_BYTES) return "it is cut off in its head";
    text |= (size_t)(byte_at(bytes, 10) | byte_at(bytes, 11) << 8) << 16;
  }
  *head_bytes = text + (major > 1 ? 12 : 10);
  return *head_bytes <= VMO_NPY_MAX_HEAD ? NULL : "its head is longer than 1 MiB";
}

/* ---- the dictionary ---- */

typedef struct cursor {
  const char *at, *end;
} cursor;

static void skip_blanks(cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) c->at++;
}

/* Takes `character`, after blanks. */
static bool take(cursor *c, char character) {
  skip_blanks(c);
  if (c->at == c->end || *c->at != character) return false;
  c->at++;
  return true;
}

static bool take_word(cursor *c, const char *word) {
  size_t length = strlen(word);
  skip_blanks(c);
  if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) return false;
  c->at += length;
  return true;
}

/* Quoted text without escapes, which neither keys nor descriptions have. */
static bool take_text(cursor *c, const char **text, size_t *length) {
  skip_blanks(c);
  if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
  const char *close = memchr(c->at + 1, *c->at, (size_t)(c->end - c->at - 1));
  if (close == NULL) return false;
  *text = c->at + 1;
  *length = (size_t)(close - *text);
  c->at = close + 1;
  return true;
}

static bool take_count(cursor *c, int64_t *number) {
  skip_blanks(c);
  const char *first = c->at;
  for (*number = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
    *number = *number * 10 + (*c->at - '0');
    if (*number >= VMO_BYTES_LIMIT) return false;
  }
  bool found = c->at > first;
  if (found && c->at < c->end && *c->at == 'L') c->at++; /* as Python 2 wrote long ones */
  return found;
}

/* "<f8", "|b1": order, kind, width. */
static const char *read_description(cursor *c, vmo_npy *head) {
  const char *text;
  size_t length;
  skip_blanks(c);
  if (c->at < c->end && *c->at == '[') return "its elements are records";
  if (!take_text(c, &text, &length) || length < 2) return "its 'descr' cannot be read";
  cursor rest = {text, text + length};
  head->order = strchr("<>=|", *text) != NULL ? *rest.at++ : '|';
  head->kind = rest.at < rest.end ? *rest.at++ : '\0';
  int64_t width = 0;
  bool has_width = take_count(&rest, &width);
  if (!has_width && head->kind == 'O') return "its elements are Python objects";
  if (!has_width || width < 1 || width > WIDEST_ELEMENT) return "its 'descr' cannot be read";
  head->width = (uint32_t)width;
  return NULL; /* what follows is a unit of time, of a kind that nobody takes */
}

static const char *read_order(cursor *c, vmo_npy *head) {
  head->is_fortran = take_word(c, "True");
  return head->is_fortran || take_word(c, "False") ? NULL : "its 'fortran_order' is neither True nor False";
}

/* "(3, 4)", "(3,)", "()". */
static const char *read_shape(cursor *c, vmo_npy *head) {
  static const char unreadable[] = "its 'shape' cannot be read";
  if (!take(c, '(')) return unreadable;
  bool comma = true;
  while (!take(c, ')')) {
    if (!comma) return unreadable;
    if (head->rank == VMO_NPY_MAX_RANK) return "it has more than 64 axes";
    if (!take_count(c, &head->sizes[head->rank])) return unreadable;
    head->rank++;
    comma = take(c, ',');
  }
  return NULL;
}

static const char *read_members(cursor *c, vmo_npy *head) {
  static const struct {
    const char *key;
    const char *(*read)(cursor *, vmo_npy *);
  } members[] = {{"descr", read_description}, {"fortran_order", read_order}, {"shape", read_shape}};
  static const char unreadable[] = "its head is no dictionary of 'descr', 'fortran_order' and 'shape'";
  unsigned seen = 0;
  if (!take(c, '{')) return unreadable;
  while (!take(c, '}')) {
    const char *key;
    size_t length, member = 0;
    if (!take_text(c, &key, &length) || !take(c, ':')) return unreadable;
    while (member < 3 && (strlen(members[member].key) != length || memcmp(members[member].key, key, length) != 0))
      member++;
    if (member == 3 || (seen & 1u << member) != 0) return unreadable;
    seen |= 1u << member;
    const char *fault = members[member].read(c, head);
    if (fault != NULL) return fault;
    if (take(c, ',')) continue;
    if (!take(c, '}')) return unreadable;
    break;
  }
  skip_blanks(c);
  return seen == 7 && c->at == c->end ? NULL : unreadable;
}

/* The elements; a size of 0 makes the others harmless. */
static const char *count_elements(vmo_npy *head) {
  int64_t limit = (VMO_BYTES_LIMIT - 1) / head->width;
  bool empty = false;
  for (uint32_t i = 0; i < head->rank; i++) empty = empty || head->sizes[i] == 0;
  head->count = empty ? 0 : 1;
  for (uint32_t i = 0; i < head->rank && !empty; i++) {
    if (head->sizes[i] > limit / head->count) return "its shape asks for 2^53 bytes or more";
    head->count *= head->sizes[i];
  }
  return NULL;
}

const char *vmo_parse_npy(const char *bytes, size_t length, vmo_npy *head) {
  *head = (vmo_npy){0};
  const char *fault = vmo_measure_npy(bytes, length, &head->head_bytes);
  if (fault != NULL) return fault;
  if (length < head->head_bytes) return "it is cut off in its head";
  cursor c = {bytes + (bytes[6] == 1 ? 10 : 12), bytes + head->head_bytes};
  fault = read_members(&c, head);
  return fault != NULL ? fault : count_elements(head);
}

bool vmo_npy_is_native(const vmo_npy *head) {
  return head->width == 1 || head->order == '=' || head->order == NATIVE_ORDER || head->kind == 'V';
}

/* ---- out ---- */

static void add_dictionary(char kind, uint32_t width, uint32_t rank, const int64_t *sizes, vmo_text *out) {
  char order = width == 1 || kind == 'V' ? '|' : NATIVE_ORDER;
  vmo_text_addf(out, "{'descr': '%c%c%u', 'fortran_order': False, 'shape': (", order, kind, width);
  for (uint32_t i = 0; i < rank; i++) {
    vmo_text_addf(out, "%s%lld", i > 0 ? ", " : "", (long long)sizes[i]);
  }
  vmo_text_add(out, rank == 1 ? ",), }" : "), }");
}

void vmo_write_npy_head(char kind, uint32_t width, uint32_t rank, const int64_t *sizes, vmo_text *out) {
  vmo_text text;
  vmo_text_init(&text);
  add_dictionary(kind, width, rank, sizes, &text);
  if (vmo_text_failed(&text)) {
    out->failed = true;
    return;
  }
  bool wide = text.count + 10 + PADDING > UINT16_MAX;
  size_t preamble = wide ? 12 : 10, whole = (preamble + text.count + 1 + PADDING - 1) / PADDING * PADDING;
  size_t rest = whole - preamble;
  vmo_text_add_bytes(out, MAGIC, MAGIC_BYTES);
  const char version[6] = {
      wide ? 2 : 1, 0, (char)(rest & 255), (char)(rest >> 8 & 255), (char)(rest >> 16 & 255), (char)(rest >> 24 & 255)};
  vmo_text_add_bytes(out, version, wide ? 6 : 4);
  vmo_text_add_bytes(out, text.data, text.count);
  vmo_text_add_repeat(out, ' ', rest - text.count - 1);
  vmo_text_add_char(out, '\n');
  vmo_text_free(&text);
}
