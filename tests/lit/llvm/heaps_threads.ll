; What threads may share has lists for all of them; what is never freed is cut off from memory of the thread's own; a
; structure that dies with a function has a heap of the thread's own, if all objects of its sites do.
; RUN: %vmemopt opt --heaps --whole-program %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
target triple = "x86_64-pc-linux-gnu"

; TEXT: heap 0, lists: objects of 8 bytes, aligned to 8; a freed one's place is given out again; for all threads
; TEXT: heap 1, bump: objects of 32 bytes, aligned to 8; never freed; one for each thread
; TEXT: heap 2, scoped: objects of 40 bytes, aligned to 8; dropped as a whole when measure returns; one for each thread
; TEXT: 1 call of free left out, as the heap is dropped soon
; TEXT: heap 3, scoped-lists: objects of 48 bytes, aligned to 8; {{.*}} all are dropped when recycle returns; one for each thread
; TEXT: heap 4, lists: objects of 56 bytes, aligned to 8; {{.*}} for all threads
; TEXT: not dropped: by borrow: what is made outside of it may pass from thread to thread

; CHECK: @vmemopt.heap.0 = internal global ptr null
; CHECK: @vmemopt.heap.1 = internal thread_local global { ptr, ptr, i64, ptr, i32, i32 }
; CHECK: @vmemopt.heap.2 = internal thread_local global { ptr, ptr, i64, ptr, i32, i32 }
; CHECK: @vmemopt.heap.3 = internal thread_local global ptr null
; CHECK: @vmemopt.heap.4 = internal global ptr null
@held = internal global ptr null
@kept = internal global ptr null
@lent = internal global ptr null

declare ptr @malloc(i64)
declare void @free(ptr)
declare ptr @strange()
declare i32 @pthread_create(ptr, ptr, ptr, ptr)

; CHECK-LABEL: define internal ptr @work(
; CHECK: call ptr @vmr_heap_alloc(
; CHECK: call noalias ptr @vmr_bump_refill(ptr @vmemopt.heap.1
define internal ptr @work(ptr %x) {
  %p = call ptr @malloc(i64 8)
  store ptr null, ptr %p
  store ptr %p, ptr @held
  %q = call ptr @malloc(i64 32)
  store ptr null, ptr %q
  store ptr %q, ptr @kept
  %a = call i64 @measure(i64 5)
  %b = call i64 @recycle(i64 6)
  call void @borrow(i64 7)
  %l = call ptr (...) @lend()
  store ptr %l, ptr @lent
  ret ptr null
}

; CHECK-LABEL: define internal i64 @measure(
; CHECK: %[[SAVED:.*]] = load { ptr, ptr, i64, ptr, i32, i32 }, ptr @vmemopt.heap.2
; CHECK-NOT: free
; CHECK: call void @vmr_bump_release(ptr @vmemopt.heap.2)
; CHECK-NEXT: store { ptr, ptr, i64, ptr, i32, i32 } %[[SAVED]], ptr @vmemopt.heap.2
define internal i64 @measure(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %grow ]
  %list = phi ptr [ null, %entry ], [ %e, %grow ]
  %e = call ptr @malloc(i64 40)
  store ptr %list, ptr %e
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %drop
drop:
  %left = phi ptr [ %e, %grow ], [ %next, %drop ]
  %next = load ptr, ptr %left
  call void @free(ptr %left)
  %last = icmp eq ptr %next, null
  br i1 %last, label %end, label %drop
end:
  ret i64 %n
}

; CHECK-LABEL: define internal i64 @recycle(
; CHECK: load ptr, ptr @vmemopt.heap.3
; CHECK: call i32 @vmr_heap_create(ptr @vmemopt.heap.3, ptr null, i32 4)
; CHECK: call void @vmr_heap_free(
; CHECK: call void @vmr_heap_destroy(
define internal i64 @recycle(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @malloc(i64 48)
  store ptr %list, ptr %e
  %odd = trunc i64 %i to i1
  br i1 %odd, label %drop, label %again
drop:
  call void @free(ptr %list)
  store ptr null, ptr %e
  br label %again
again:
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %end
end:
  ret i64 %n
}

; The same site makes what another thread may get; variable arguments, so that it is not copied.
define internal ptr @lend(...) noinline {
  %p = call ptr @malloc(i64 56)
  store ptr null, ptr %p
  ret ptr %p
}
define internal void @borrow(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %p = call ptr (...) @lend()
  store i64 %i, ptr %p
  call void @free(ptr %p)
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %end
end:
  ret void
}

; What a thread hands over is freed by who gets it; libc's free stays for what it knows.
; CHECK-LABEL: define i32 @main(
; CHECK: call void @free(ptr %s)
; CHECK: call void @vmr_heap_free(
define i32 @main() {
  %t = alloca i64
  %r = call i32 @pthread_create(ptr %t, ptr null, ptr @work, ptr null)
  %r2 = call i32 @pthread_create(ptr %t, ptr null, ptr @work, ptr null)
  %s = call ptr @strange()
  call void @free(ptr %s)
  %h = load ptr, ptr @held
  call void @free(ptr %h)
  %l = load ptr, ptr @lent
  call void @free(ptr %l)
  ret i32 0
}

; CHECK: call i32 @vmr_heap_create(ptr @vmemopt.heap.0, ptr null, i32 13)
; CHECK-NOT: call i32 @vmr_heap_create(ptr @vmemopt.heap.{{[123]}}
