/* sort_items.h: a sort of one type of items, stride apart, by BEFORE(context, a, b); included once for each. It is
 * introsort (D. Musser, "Introspective sorting and selection algorithms", Software: Practice and Experience 27, 1997):
 * quicksort with the median of three, insertion where few are left, and heapsort for parts that quicksort splits badly.
 * The parts to come are on a stack of 64, the larger part always first. O(n log n) time, no memory.
 *
 * To be defined before: ITEM (type), SORT (name of the function), CONTEXT (type), BEFORE(context, a, b). */

#define PASTE_NAMES(a, b) a##_##b
#define NAME_OF(a, b) PASTE_NAMES(a, b)

static void NAME_OF(SORT, insert)(CONTEXT context, ITEM *items, int64_t count, int64_t stride) {
  for (int64_t i = 1; i < count; i++) {
    ITEM item = items[i * stride];
    int64_t at = i;
    for (; at > 0 && BEFORE(context, item, items[(at - 1) * stride]); at--)
      items[at * stride] = items[(at - 1) * stride];
    items[at * stride] = item;
  }
}

static void NAME_OF(SORT, sift)(CONTEXT context, ITEM *items, int64_t at, int64_t count, int64_t stride) {
  ITEM item = items[at * stride];
  for (int64_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && BEFORE(context, items[child * stride], items[(child + 1) * stride])) child++;
    if (!BEFORE(context, item, items[child * stride])) break;
    items[at * stride] = items[child * stride];
  }
  items[at * stride] = item;
}

static void NAME_OF(SORT, heap)(CONTEXT context, ITEM *items, int64_t count, int64_t stride) {
  for (int64_t i = count / 2; i-- > 0;) NAME_OF(SORT, sift)(context, items, i, count, stride);
  for (int64_t end = count; end-- > 1;) {
    ITEM largest = items[0];
    items[0] = items[end * stride];
    items[end * stride] = largest;
    NAME_OF(SORT, sift)(context, items, 0, end, stride);
  }
}

static ITEM NAME_OF(SORT, median)(CONTEXT context, ITEM a, ITEM b, ITEM c) {
  if (BEFORE(context, b, a)) {
    ITEM other = a;
    a = b;
    b = other;
  }
  if (!BEFORE(context, c, b)) return b;
  return BEFORE(context, c, a) ? a : c;
}

/* Puts what is not after the pivot first; the count of those, at least 1 and less than `count` (C. Hoare's partition). */
static int64_t NAME_OF(SORT, split)(CONTEXT context, ITEM *items, int64_t count, int64_t stride) {
  ITEM pivot = NAME_OF(SORT, median)(context, items[0], items[count / 2 * stride], items[(count - 1) * stride]);
  for (int64_t low = 0, high = count - 1;; low++, high--) {
    while (BEFORE(context, items[low * stride], pivot)) low++;
    while (BEFORE(context, pivot, items[high * stride])) high--;
    if (low >= high) return high + 1;
    ITEM item = items[low * stride];
    items[low * stride] = items[high * stride];
    items[high * stride] = item;
  }
}

static void SORT(CONTEXT context, ITEM *items, int64_t count, int64_t stride) {
  struct part {
    int64_t first, count;
    int depth;
  } parts[64];
  int open = 0, depth = 0;
  int64_t first = 0;
  for (int64_t rest = count; rest > 0; rest /= 2) depth += 2;
  for (;;) {
    ITEM *here = items + first * stride;
    if (count > 24 && depth > 0) {
      int64_t below = NAME_OF(SORT, split)(context, here, count, stride), above = count - below;
      depth--;
      bool low_first = below < above; /* the smaller part is done first, so that few parts wait */
      parts[open++] = (struct part){low_first ? first + below : first, low_first ? above : below, depth};
      if (!low_first) first += below;
      count = low_first ? below : above;
      continue;
    }
    if (count > 24)
      NAME_OF(SORT, heap)(context, here, count, stride);
    else
      NAME_OF(SORT, insert)(context, here, count, stride);
    if (open == 0) return;
    open--;
    first = parts[open].first;
    count = parts[open].count;
    depth = parts[open].depth;
  }
}

#undef NAME_OF
#undef PASTE_NAMES
#undef ITEM
#undef SORT
#undef CONTEXT
#undef BEFORE
