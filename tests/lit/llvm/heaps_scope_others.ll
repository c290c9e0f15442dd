; A function that comes close to dropping its objects: they are in several heaps, or others' are in theirs.
; RUN: %vmemopt opt --heaps --whole-program --max-stack=8 %s -o %t.ll --json=%t.json --text | FileCheck %s
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s --check-prefix=IR --implicit-check-not=vmr_heap_destroy --implicit-check-not=vmr_bump_release < %t.ll
; RUN: %python %S/inputs/profile.py main:malloc:0:1:70000 numbers:malloc:0:1000:800 listed:malloc:0:9000:24 listed:malloc:1:9000:16 lone:malloc:0:8:200000 lone:malloc:1:5000:24 > %t.profile
; RUN: %vmemopt analyze --heaps --whole-program --max-stack=8 %s --profile=%t.profile | FileCheck %s --check-prefix=LONE
; IR: define i32 @main(
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare void @free(ptr)
@table = internal global ptr null
@large = internal global ptr null

; Arrays that nothing points to share a heap: what the function drops would take main's along.
; CHECK: heap 0, bump: objects of several sizes
; CHECK-NEXT: why: arrays that no other allocated object points to
; CHECK: not dropped: by numbers: other sites have the heap, too
; JSON: "bond":"arrays",{{.*}}"scope_refusal":"others","scope_refused":"numbers"
define internal i64 @numbers(i64 %n) noinline {
entry:
  %bytes = mul i64 %n, 8
  %p = call ptr @malloc(i64 %bytes)
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %at = getelementptr i64, ptr %p, i64 %i
  store volatile i64 %i, ptr %at
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  %x = load volatile i64, ptr %p
  ret i64 %x
}

; Elements that are freed, and texts that are not, of one structure: two heaps.
; CHECK: objects of 24 bytes
; CHECK: not dropped: by listed: not all of the objects that it encloses are in this heap
; CHECK: objects of 16 bytes
; CHECK: not dropped: by listed: not all of the objects that it encloses are in this heap
; JSON: "scope_refusal":"several","scope_refused":"listed"
define internal void @listed(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %list = phi ptr [ null, %entry ], [ %e, %loop ]
  %e = call ptr @malloc(i64 24)
  store ptr %list, ptr %e
  %text = call ptr @malloc(i64 16)
  store volatile i64 %i, ptr %text
  %at = getelementptr i8, ptr %e, i64 8
  store ptr %text, ptr %at
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %walk
walk:
  %c = phi ptr [ %e, %loop ], [ %n2, %walk ]
  %n2 = load ptr, ptr %c
  call void @free(ptr %c)
  %again = icmp ne ptr %n2, null
  br i1 %again, label %walk, label %end
end:
  ret void
}

; As a profile tells, large objects and few lie apart from the small ones that they lead to.
; LONE: why: the profile tells of large objects, and few of them
; LONE: lone, (no line)  malloc, 32768 bytes
define internal void @lone(i64 %n) noinline {
  %p = call ptr @malloc(i64 32768)
  store ptr %p, ptr @large
  %q = call ptr @malloc(i64 24)
  store ptr null, ptr %q
  store ptr %q, ptr %p
  ret void
}

define i32 @main() {
entry:
  %t = call ptr @malloc(i64 70000)
  store ptr %t, ptr @table
  br label %loop
loop:
  %i = phi i64 [ 1, %entry ], [ %next, %loop ]
  %at = getelementptr i64, ptr %t, i64 %i
  store volatile i64 %i, ptr %at
  %x = call i64 @numbers(i64 %i)
  call void @listed(i64 %i)
  call void @lone(i64 %i)
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, 99
  br i1 %more, label %loop, label %end
end:
  ret i32 0
}
