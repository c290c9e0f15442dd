"""windows.py N W [P]: a table of N buffers as a program makes them, the same every time: most lives short, sizes over three
orders of magnitude. W of them have a window: for a quarter of their lives only a part of them is live. P pairs of buffers
of unequal sizes are colocated."""
import sys

count, windows = int(sys.argv[1]), int(sys.argv[2])
pairs = int(sys.argv[3]) if len(sys.argv) > 3 else 0
state, made = 1, 0


def number(least, most):
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return least + (state >> 33) % (most - least + 1)


print("id,lower,upper,size,alignment,gaps,colocated")
for i in range(count):
    length = 1 + number(0, 2 ** number(0, 8))
    size = 8 * number(1, 2 ** number(0, 10))
    gap, low = "", number(0, size - 1)
    high = number(low + 1, size)
    if made < min(windows, (i + 1) * (windows + 9) // count) and length >= 4 and high - low < size:
        gap = f"{i + length // 4}-{i + length // 2}@{low}:{high}"
        made += 1
    other = ""
    if pairs > 0 and i >= 1000 * pairs and i % 1000 == 0:
        other = f"b{i - 1000}"
        pairs -= 1
    print(f"b{i},{i},{i + length},{size},{8 if number(1, 10) <= 3 else 1},{gap},{other}")
if made < windows or pairs:
    sys.exit("not all of the windows and pairs found a buffer")
