"""cut.py N: a table of N buffers that a rectangle was cut into at random: how to put it together again is hard to find."""
import sys

state = 3


def draw(bound):
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % bound


pieces = [(0, 1000, 0, 100000)]
while len(pieces) < int(sys.argv[1]):
    pieces.sort(key=lambda p: (p[1] - p[0]) * (p[3] - p[2]) + draw(1000))
    begin, end, low, high = pieces.pop()
    if draw(2) == 0 and end - begin > 1:
        at = begin + 1 + draw(end - begin - 1)
        pieces += [(begin, at, low, high), (at, end, low, high)]
    else:
        at = low + 1 + draw(high - low - 1)
        pieces += [(begin, end, low, at), (begin, end, at, high)]
print("id,lower,upper,size")
for number, (begin, end, low, high) in enumerate(sorted(pieces)):
    print(f"b{number},{begin},{end},{high - low}")
