"""nested_loops.py DEPTH: a program of that many loops within each other, which adds 1 to an array n^DEPTH times."""
import sys

depth = int(sys.argv[1])
print("func @f(%x: f64[4], %n: i64) -> f64[4] {")
for i in range(depth):
    before = f"%v{i - 1}" if i > 0 else "%x"
    print(f"  %r{i} = for %i{i} = 0 to %n carry (%v{i} = {before}) -> f64[4] {{")
print(f"  %y = add %v{depth - 1}, 1.0 : f64[4]\n  yield %y\n  }}")
for i in reversed(range(1, depth)):
    print(f"  yield %r{i}\n  }}")
print("  return %r0\n}")
