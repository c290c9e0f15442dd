; Small functions that make objects for several structures are there once for each, wrappers around wrappers too; what is too
; large, recursive, or has variable arguments is not copied.
; RUN: %vmemopt opt --heaps --whole-program --max-stack=8 %s -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s < %t.ll
target triple = "x86_64-pc-linux-gnu"

; TEXT: heap 0, bump: objects of several sizes
; TEXT: why: one function makes them for callers whose objects have nothing else in common
; TEXT: xmalloc has 2 copies, for structures of their own
; TEXT: new_node has 1 copy, for structures of their own
; TEXT: again is not copied for the structures that it serves: it calls itself
; TEXT: various is not copied for the structures that it serves: it has variable arguments
; JSON: {"function":"xmalloc","copies":2,"refusal":"none"}
; JSON: {"function":"again","copies":0,"refusal":"recursive"}
@forest = internal global ptr null
@queue = internal global ptr null
@names = internal global ptr null
@a = internal global ptr null
@b = internal global ptr null
@c = internal global ptr null
@d = internal global ptr null

declare ptr @malloc(i64)
declare void @exit(i32) noreturn

; CHECK-LABEL: define internal ptr @xmalloc(i64 %bytes)
; CHECK: call noalias ptr @vmr_bump_refill(ptr @vmemopt.heap.
define internal ptr @xmalloc(i64 %bytes) noinline {
entry:
  %p = call ptr @malloc(i64 %bytes)
  %none = icmp eq ptr %p, null
  br i1 %none, label %bad, label %good
bad:
  call void @exit(i32 1)
  unreachable
good:
  %result = phi ptr [ %p, %entry ]
  ret ptr %result
}

define internal ptr @new_node() noinline {
  %p = call ptr @xmalloc(i64 24)
  store ptr null, ptr %p
  ret ptr %p
}

; CHECK-LABEL: define internal void @plant(
; CHECK: call ptr @new_node()
define internal void @plant() noinline {
  %p = call ptr @new_node()
  %old = load ptr, ptr @forest
  store ptr %old, ptr %p
  store ptr %p, ptr @forest
  ret void
}

; CHECK-LABEL: define internal void @enqueue(
; CHECK: call ptr @new_node.heap.1()
define internal void @enqueue() noinline {
  %p = call ptr @new_node()
  %old = load ptr, ptr @queue
  store ptr %old, ptr %p
  store ptr %p, ptr @queue
  ret void
}

; CHECK-LABEL: define internal void @name(
; CHECK: call ptr @xmalloc.heap.1(i64 40)
define internal void @name() noinline {
  %p = call ptr @xmalloc(i64 40)
  %old = load ptr, ptr @names
  store ptr %old, ptr %p
  store ptr %p, ptr @names
  ret void
}

define internal ptr @again(i64 %n) noinline {
  %p = call ptr @malloc(i64 48)
  %stop = icmp eq i64 %n, 0
  br i1 %stop, label %out, label %more
more:
  %less = sub i64 %n, 1
  %q = call ptr @again(i64 %less)
  store ptr %q, ptr %p
  br label %out
out:
  ret ptr %p
}
define internal ptr @various(i64 %n, ...) noinline {
  %p = call ptr @malloc(i64 56)
  store i64 %n, ptr %p
  ret ptr %p
}

define i32 @main() {
  call void @plant()
  call void @enqueue()
  call void @name()
  call void @plant()
  call void @enqueue()
  call void @name()
  %a = call ptr @again(i64 3)
  store ptr %a, ptr @a
  %b = call ptr @again(i64 4)
  store ptr %b, ptr @b
  %c = call ptr (i64, ...) @various(i64 3)
  store ptr %c, ptr @c
  %d = call ptr (i64, ...) @various(i64 4)
  store ptr %d, ptr @d
  ret i32 0
}

; CHECK-LABEL: define internal ptr @xmalloc.heap.1(i64
; CHECK: call noalias ptr @vmr_bump_refill(ptr @vmemopt.heap.
; CHECK: icmp eq ptr
; CHECK: call void @exit(i32 1)
; CHECK: %[[R:.*]] = phi ptr
; CHECK-NEXT: ret ptr %[[R]]
; CHECK-LABEL: define internal ptr @new_node.heap.1()
; CHECK: call ptr @xmalloc.heap.2(i64 24)
