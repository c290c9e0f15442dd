"""newer.py FILE [MAJOR]: the bitcode with a version of its module block that no LLVM knows, and made by LLVM MAJOR, as it says."""
import sys

WIDTH = 6  # bits of a letter in the producer's name: LLVM's char6, the lowest first
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._"
VERSION = 0b10 << 15 | 1 << 9 | 1 << 3 | 3  # a record: code 1, one operand, which is 2; begins a word
UNKNOWN = 10 << 15 | 1 << 9 | 1 << 3 | 3


def encode(word):
    return sum(LETTERS.index(letter) << i * WIDTH for i, letter in enumerate(word))


def main():
    data = bytearray(open(sys.argv[1], "rb").read())
    at = next(i for i in range(0, len(data), 4) if int.from_bytes(data[i:i + 4], "little") & 0x1FFFFF == VERSION)
    data[at:at + 4] = (int.from_bytes(data[at:at + 4], "little") ^ VERSION ^ UNKNOWN).to_bytes(4, "little")
    if len(sys.argv) > 2:
        head, prefix = int.from_bytes(data[:64], "little"), encode("LLVM")
        bit = next(i for i in range(256) if head >> i & (1 << 4 * WIDTH) - 1 == prefix) + 4 * WIDTH
        head = head & ~((1 << 2 * WIDTH) - 1 << bit) | encode(sys.argv[2]) << bit
        data[:64] = head.to_bytes(64, "little")
    sys.stdout.buffer.write(data)


main()
