"""Writes a program of about N ops whose live bytes rise and fall: now and then a value is kept for long."""
import sys

count = int(sys.argv[1])
print("func @long(%x: f64[8]) -> f64[8] {")
kept, last, line = [], "x", 0
for i in range(count):
    if i % 97 == 0 and len(kept) < 20:
        kept.append(last)
    if i % 89 == 88 and kept:
        print(f"  %v{i} = add %{last}, %{kept.pop(i % len(kept))} : f64[8]")
    elif i % 1000 == 500:
        print(f"  %w{i} = broadcast %{last} : f64[{i % 7 + 2},8]")
        print(f"  %v{i} = sum %w{i} {{axis = 0}} : f64[8]")
    else:
        print(f"  %v{i} = mul %{last}, 1.5 : f64[8]")
    last = f"v{i}"
print(f"  return %{last}\n}}")
