"""many.py N: a table of N buffers, the same every time."""
import sys

state = 1
print("id,lower,upper,size")
for i in range(int(sys.argv[1])):
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    begin = i * 3 + (state >> 60)
    print(f"b{i},{begin},{begin + 1 + (state >> 50) % 97},{1 + (state >> 33) % 4096}")
