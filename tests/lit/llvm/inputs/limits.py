#!/usr/bin/env python3
"""Modules of LLVM IR that are larger than what some analysis looks at.

    limits.py complex      one pointer to 60 objects, all freed by one call
    limits.py blocks       20000 blocks, and 230 objects that are freed late
    limits.py walk COUNT   a function drops a list, which COUNT functions called in turn free an element of
    limits.py copies COUNT a wrapper of malloc that COUNT structures share
    limits.py large COUNT  the same of two structures, with COUNT instructions
"""
import sys

HEAD = """target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i64)
declare void @free(ptr)
"""


def complex_():
    print("define void @many(i32 %which) {\nentry:")
    for i in range(60):
        print(f"  %p{i} = call ptr @malloc(i64 24)")
    print("  switch i32 %which, label %end [")
    print("".join(f"    i32 {i}, label %b{i}\n" for i in range(60)) + "  ]")
    for i in range(60):
        print(f"b{i}:\n  br label %end")
    print("end:\n  %p = phi ptr [ null, %entry ]" + "".join(f", [ %p{i}, %b{i} ]" for i in range(60)))
    print("  call void @free(ptr %p)\n  ret void\n}")


def blocks():
    print("declare void @take(ptr)\ndefine void @long() {\nentry:\n  br label %b0")
    for i in range(20000):
        print(f"b{i}:")
        if i < 230:
            print(f"  %p{i} = call ptr @malloc(i64 4096)\n  store i8 1, ptr %p{i}")
        print(f"  br label %b{i + 1}")
    print("b20000:\n  %last = call ptr @malloc(i64 4096)\n  call void @take(ptr %last)")
    for i in range(230):
        print(f"  call void @free(ptr %p{i})")
    print("  ret void\n}")


def walk(count):
    for i in range(count):
        print(f"""define internal ptr @free{i}(ptr %p) noinline {{
  %next = load ptr, ptr %p
  call void @free(ptr %p)
  ret ptr %next
}}""")
    print("""define internal void @work(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %list = phi ptr [ null, %entry ], [ %p, %loop ]
  %p = call ptr @malloc(i64 24)
  store ptr %list, ptr %p
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %end
end:""")
    before = "%p"
    for i in range(count):
        print(f"  %n{i} = call ptr @free{i}(ptr {before})")
        before = f"%n{i}"
    print("  ret void\n}\ndefine i32 @main() {\n  call void @work(i64 900)\n  call void @work(i64 900)\n  ret i32 0\n}")


def wrapper(count, length):
    print("define internal ptr @get(i64 %n) noinline {\n  %p = call ptr @malloc(i64 24)\n  store ptr null, ptr %p")
    for i in range(length):
        print(f"  store volatile i64 %n, ptr %p")
    print("  ret ptr %p\n}")
    for i in range(count):
        print(f"@g{i} = internal global ptr null")
    print("define i32 @main() {")
    for i in range(count):
        print(f"  %p{i} = call ptr @get(i64 {i})\n  store ptr %p{i}, ptr @g{i}")
    print("  ret i32 0\n}")


print(HEAD)
what, *numbers = sys.argv[1:]
if what == "complex":
    complex_()
elif what == "blocks":
    blocks()
elif what == "walk":
    walk(int(numbers[0]))
elif what == "copies":
    wrapper(int(numbers[0]), 0)
else:
    wrapper(2, int(numbers[0]))
