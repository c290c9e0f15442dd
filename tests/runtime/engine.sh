#!/bin/bash
# engine.sh PLAIN MANAGED STACK [COUNT]: the symbolic engine of corpus/vm answers the same in both builds, over random lines
# and those below; so does the stack machine with its manager on and off.
set -euo pipefail
plain=$1 managed=$2 stack=$3 count=${4:-10000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/known" <<'LINES'
D[Sin[x^2] Exp[y] Plus[x, y], x]
Expand[(x + y)^3]
Simplify[Sin[x]^2 + Cos[x]^2 + Exp[Log[z]]]
N[Sin[x] + 1, x -> 2]
square[n_] = n^2
square[x + 1]
f[a] + f[b] /. f[q_] -> q^2
x/x + 3
3 x y - 2 x y - x y
(1 +
f[1
LINES
cat >"$work/expected" <<'LINES'
Plus[Times[Exp[y], Sin[Power[x, 2]]], Times[2, x, Cos[Power[x, 2]], Exp[y], Plus[x, y]]]
Plus[Power[x, 3], Power[y, 3], Times[3, x, Power[y, 2]], Times[3, Power[x, 2], y]]
Plus[1, z]
1.90929742683
Power[n, 2]
Power[Plus[1, x], 2]
Plus[Power[a, 2], Power[b, 2]]
4
0
error: an expression is missing
error: a bracket is not closed
LINES
for program in "$plain" "$managed"; do
  "$program" <"$work/known" | diff "$work/expected" -
done
"$plain" --random "$count" 1 >"$work/lines"
[ "$(wc -l <"$work/lines")" -eq "$count" ]
"$plain" <"$work/lines" >"$work/plain"
"$managed" <"$work/lines" >"$work/managed"
cmp "$work/plain" "$work/managed"
[ "$(wc -l <"$work/plain")" -eq "$count" ]

[ "$("$stack" on 1000 | cut -d, -f1)" = '{"total": 67000' ]
[ "$("$stack" off 1000 | cut -d, -f1)" = '{"total": 67000' ]
echo "$count lines alike"
