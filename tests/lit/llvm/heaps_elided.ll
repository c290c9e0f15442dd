; A structure that is freed, and nobody knows when a function returns: frees after which nothing is allocated before that are left
; out, and what did nothing but walk and free goes.
; RUN: %vmemopt opt --heaps --whole-program --max-stack=8 %s -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s < %t.ll
; RUN: opt -O2 -S %t.ll -o - | FileCheck %s --check-prefix=LLVM
target triple = "x86_64-pc-linux-gnu"

; TEXT: heaps for
; TEXT: heap 0, scoped: objects of 24 bytes, aligned to 8; dropped as a whole when evaluate returns
; TEXT: 1 call of free left out, as the heap is dropped soon
; TEXT: heap 1, scoped: objects of 32 bytes, aligned to 8; dropped as a whole when listed returns
; TEXT: heap 2, scoped-lists: objects of 40 bytes, aligned to 8; a freed one's place is given out again, and all are dropped when both returns
; TEXT: 1 call of free left out, as the heap is dropped soon
; TEXT: recycled: something may be allocated between a free and the end
; TEXT: heap 3, scoped-lists: objects of 48 bytes, {{.*}} when shared returns
; TEXT: recycled: a free may get other objects, too
; TEXT: heap 4, scoped-lists: objects of several sizes, {{.*}} when moved returns
; TEXT: 1 call of free left out, as the heap is dropped soon
; TEXT: recycled: a realloc may get them
; TEXT: heap 5, scoped-lists: objects of 64 bytes, {{.*}} when pointed returns
; TEXT: recycled: a call through a pointer may free them
; JSON: "elided": 4
; JSON: "heap":2,"kind":"scoped-lists",{{.*}}"scope":"both","scope_refusal":null,"scope_refused":null,"recycling":"allocates","elided":1

declare ptr @malloc(i64)
declare ptr @realloc(ptr, i64)
declare void @free(ptr)
declare ptr @strange()

define internal ptr @build(i64 %n) noinline {
  %cell = call ptr @malloc(i64 24)
  store ptr null, ptr %cell
  %at = getelementptr i8, ptr %cell, i64 8
  store ptr null, ptr %at
  %stop = icmp eq i64 %n, 0
  br i1 %stop, label %out, label %more
more:
  %less = sub i64 %n, 1
  %left = call ptr @build(i64 %less)
  store ptr %left, ptr %cell
  %right = call ptr @build(i64 %less)
  store ptr %right, ptr %at
  br label %out
out:
  ret ptr %cell
}

; CHECK-LABEL: define internal void @free_tree(
; CHECK-NOT: call
; CHECK: ret void
define internal void @free_tree(ptr %cell) noinline {
  %none = icmp eq ptr %cell, null
  br i1 %none, label %out, label %more
more:
  %left = load ptr, ptr %cell
  call void @free_tree(ptr %left)
  %at = getelementptr i8, ptr %cell, i64 8
  %right = load ptr, ptr %at
  call void @free_tree(ptr %right)
  call void @free(ptr %cell)
  br label %out
out:
  ret void
}

; CHECK-LABEL: define internal i64 @evaluate(
; CHECK: %[[SAVED:.*]] = load { ptr, ptr, i64, ptr, i32, i32 }, ptr @vmemopt.heap.0
; CHECK: call ptr @build(
; CHECK-NOT: call void @free_tree
; CHECK: call void @vmr_bump_release(ptr @vmemopt.heap.0)
; CHECK-NEXT: store { ptr, ptr, i64, ptr, i32, i32 } %[[SAVED]], ptr @vmemopt.heap.0
define internal i64 @evaluate(i64 %n) noinline {
  %tree = call ptr @build(i64 %n)
  %left = load ptr, ptr %tree
  %number = ptrtoint ptr %left to i64
  %some = icmp ne i64 %number, 0
  %result = zext i1 %some to i64
  call void @free_tree(ptr %tree)
  ret i64 %result
}

; The loop that walks and frees is one that must end, by its note; LLVM deletes it.
; CHECK-LABEL: define internal i64 @listed(
; CHECK-NOT: free
; CHECK: call void @vmr_bump_release(ptr @vmemopt.heap.1)
; LLVM-LABEL: @listed(
; LLVM: vmr_bump_refill
; LLVM-NOT: load ptr, ptr %left
; LLVM: call void @vmr_bump_release(
define internal i64 @listed(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %grow ]
  %list = phi ptr [ null, %entry ], [ %e, %grow ]
  %e = call ptr @malloc(i64 32)
  store ptr %list, ptr %e
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %drop
drop:
  %left = phi ptr [ %e, %grow ], [ %next, %drop ]
  %next = load ptr, ptr %left
  call void @free(ptr %left)
  %last = icmp eq ptr %next, null
  br i1 %last, label %end, label %drop, !llvm.loop !0
end:
  ret i64 %n
}

; Of a queue, elements that are freed while others are still to come are recycled; those at the end are not freed.
; CHECK-LABEL: define internal i64 @both(
; CHECK: %[[OUTER:.*]] = load ptr, ptr @vmemopt.heap.2
; CHECK-NEXT: store ptr null, ptr @vmemopt.heap.2
; CHECK: call i32 @vmr_heap_create(ptr @vmemopt.heap.2, ptr null, i32 4)
; CHECK: call {{.*}}ptr @vmr_heap_refill(
; CHECK: call void @vmr_heap_free(
; CHECK-NOT: call void @vmr_heap_free(
; CHECK: end:
; CHECK-NEXT: %[[HEAP:.*]] = load ptr, ptr @vmemopt.heap.2
; CHECK-NEXT: call void @vmr_heap_destroy(ptr %[[HEAP]])
; CHECK-NEXT: store ptr %[[OUTER]], ptr @vmemopt.heap.2
define internal i64 @both(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @malloc(i64 40)
  store ptr %list, ptr %e
  %odd = trunc i64 %i to i1
  br i1 %odd, label %early, label %again
early:
  call void @free(ptr %list)
  store ptr null, ptr %e
  br label %again
again:
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %late
late:
  call void @free(ptr %e)
  br label %end
end:
  ret i64 %n
}

; What is freed here may be another's.
; CHECK-LABEL: define internal i64 @shared(
; CHECK: call void @put(
; CHECK: call void @vmr_heap_destroy(
define internal i64 @shared(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %grow ]
  %list = phi ptr [ null, %entry ], [ %e, %grow ]
  %e = call ptr @malloc(i64 48)
  store ptr %list, ptr %e
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %end
end:
  call void @put(ptr %e)
  ret i64 %n
}
define internal void @put(ptr %p) noinline {
  call void @free(ptr %p)
  ret void
}

; CHECK-LABEL: define internal i64 @moved(
; CHECK: call ptr @vmr_heap_realloc(
; CHECK: call void @vmr_heap_destroy(
define internal i64 @moved(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %grow ]
  %list = phi ptr [ null, %entry ], [ %f, %grow ]
  %e = call ptr @malloc(i64 56)
  store ptr %list, ptr %e
  %f = call ptr @realloc(ptr %e, i64 72)
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %end
end:
  call void @free(ptr %f)
  ret i64 %n
}

; CHECK-LABEL: define internal i64 @pointed(
; CHECK: call void %release(
; CHECK: call void @vmr_heap_destroy(
@release = internal global ptr @free
define internal i64 @pointed(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %grow ]
  %list = phi ptr [ null, %entry ], [ %e, %grow ]
  %e = call ptr @malloc(i64 64)
  store ptr %list, ptr %e
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %end
end:
  %release = load ptr, ptr @release
  call void %release(ptr %e)
  ret i64 %n
}

define i32 @main() {
entry:
  br label %loop
loop:
  %i = phi i64 [ 1, %entry ], [ %next, %loop ]
  %a = call i64 @evaluate(i64 %i)
  %b = call i64 @listed(i64 %i)
  %c = call i64 @both(i64 %i)
  %d = call i64 @shared(i64 %i)
  %s = call ptr @strange()
  call void @put(ptr %s)
  %e = call i64 @moved(i64 %i)
  %f = call i64 @pointed(i64 %i)
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, 9
  br i1 %more, label %loop, label %end
end:
  ret i32 0
}

!0 = distinct !{!0, !1}
!1 = !{!"llvm.loop.mustprogress"}
