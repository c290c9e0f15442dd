; What main's thread alone makes and frees has heaps without locks, in programs that have other threads, too, and lies apart from
; what these make. The lines that sed lets in are those by which somebody else may execute the same functions.
; RUN: %vmemopt opt --heaps --whole-program %s -o %t.ll --text --json=%t.json | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s < %t.ll
; RUN: opt -passes=verify -disable-output %t.ll
; RUN: sed 's/^; CALLED: //' %s > %t.called.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.called.ll | FileCheck %s --check-prefix=CALLED-TEXT
; RUN: sed 's/^; TABLE: //' %s > %t.table.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.table.ll | FileCheck %s --check-prefix=TABLE-TEXT
; RUN: sed 's/^; ONCE: //' %s > %t.once.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.once.ll | FileCheck %s --check-prefix=ANY
; RUN: sed 's/^; HANDED: //' %s > %t.handed.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.handed.ll | FileCheck %s --check-prefix=ANY
; RUN: sed 's/^; ENDS: //' %s > %t.ends.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.ends.ll | FileCheck %s --check-prefix=ANY
; RUN: sed 's/^; SIGNAL: //' %s > %t.signal.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.signal.ll | FileCheck %s --check-prefix=ANY
; RUN: sed 's/^; CHOSEN: //' %s > %t.chosen.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.chosen.ll | FileCheck %s --check-prefix=ANY
; RUN: sed 's/^; DESTRUCTOR: //' %s > %t.destructor.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.destructor.ll | FileCheck %s --check-prefix=ANY
; RUN: sed 's/^; SECTION: //' %s > %t.section.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.section.ll | FileCheck %s --check-prefix=ANY
; RUN: sed 's/^; USED: //' %s > %t.used.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.used.ll | FileCheck %s --check-prefix=ANY
; RUN: sed 's/^; AGAIN: //' %s > %t.again.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.again.ll | FileCheck %s --check-prefix=ANY
; RUN: sed 's/^; FREED: //' %s > %t.freed.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.freed.ll | FileCheck %s --check-prefix=ANY
; RUN: sed 's/^; MOVED: //' %s > %t.moved.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.moved.ll | FileCheck %s --check-prefix=ANY
; RUN: sed 's/^; BEFORE: //' %s > %t.before.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.before.ll | FileCheck %s --check-prefix=BEFORE-TEXT
; RUN: sed 's/^; LINKED: //' %s > %t.linked.ll
; RUN: %vmemopt analyze --heaps --whole-program %t.linked.ll | FileCheck %s --check-prefix=LINKED-TEXT
target triple = "x86_64-pc-linux-gnu"

; TEXT: the program may have threads (pthread_create)
; TEXT: heap 0, lists: objects of 40 bytes, {{.*}}; for main's thread alone{{$}}
; TEXT: heap 1, bump: objects of 24 bytes, aligned to 8; never freed; for main's thread alone{{$}}
; TEXT: heap 2, scoped-lists: objects of 72 bytes, {{.*}} dropped when recycle returns; for main's thread alone{{$}}
; TEXT: heap 3, lists: objects of several sizes, {{.*}}; for main's thread alone{{$}}
; TEXT-NEXT: why: arrays that no other allocated object points to
; TEXT: heap 4, lists: objects of 48 bytes, {{.*}}; for all threads but main's{{$}}
; TEXT: heap 5, lists: objects of several sizes, {{.*}}; for all threads but main's{{$}}
; TEXT-NEXT: why: arrays that no other allocated object points to
; TEXT: heap 6, lists: objects of 56 bytes, {{.*}}; for all threads{{$}}
; JSON: "heap":0,{{.*}}"threads":"main","shared":false
; JSON: "heap":4,{{.*}}"threads":"others","shared":true
; JSON: "heap":6,{{.*}}"threads":"any","shared":true

; Who starts threads may be called by a thread; where one starts does not matter.
; ANY: objects of 40 bytes, {{.*}}; for all threads{{$}}
; CALLED-TEXT: objects of 40 bytes, {{.*}}; for main's thread alone{{$}}
; CALLED-TEXT: objects of 48 bytes, {{.*}}; for all threads{{$}}
; TABLE-TEXT: objects of 40 bytes, {{.*}}; for all threads{{$}}
; TABLE-TEXT: objects of 48 bytes, {{.*}}; for all threads but main's{{$}}
; BEFORE-TEXT: objects of 40 bytes, {{.*}}; for main's thread alone{{$}}
; LINKED-TEXT: objects of several sizes, {{.*}}; for all threads{{$}}
; LINKED-TEXT-NEXT: why: their objects point to each other
; LINKED-TEXT: objects of 24 bytes, {{.*}}; for main's thread alone{{$}}

; CHECK-DAG: @vmemopt.heap.1 = internal global { ptr, ptr, i64, ptr, i32, i32 }
; CHECK-DAG: @vmemopt.heap.2 = internal global ptr null
; CHECK-DAG: @vmemopt.range = internal global ptr @vmemopt.nowhere

@list = internal global ptr null
@tree = internal global ptr null
@array = internal global ptr null
@reply = internal global ptr null
@replies = internal global ptr null
@either = internal global ptr null
@routines = internal global [2 x ptr] [ptr @work, ptr @list_all]
@chosen = internal global ptr @list_some
; DESTRUCTOR: @llvm.global_dtors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @list_some, ptr null }]
; BEFORE: @llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @list_some, ptr null }]
; USED: @llvm.used = appending global [1 x ptr] [ptr @list_some], section "llvm.metadata"
; SECTION: @at_end = internal global { i64, [1 x ptr] } { i64 0, [1 x ptr] [ptr @list_some] }, section ".fini_array"

declare ptr @malloc(i64)
declare ptr @realloc(ptr, i64)
declare void @free(ptr)
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_once(ptr, ptr)
declare i32 @atexit(ptr)
declare ptr @signal(i32, ptr)

; CHECK-LABEL: define internal void @list_some(
; CHECK: load ptr, ptr @vmemopt.heap.0
; CHECK-NOT: call {{.*}}@vmr_heap_alloc(
; CHECK: call noalias ptr @vmr_heap_refill(ptr %{{.*}}, i64 40)
; CHECK: load ptr, ptr @vmemopt.range
; CHECK: load atomic i64, ptr %{{.*}} acquire
; CHECK: sub i64
; CHECK: call void @vmr_heap_free(
define internal void @list_some() noinline {
  %old = load ptr, ptr @list
  %p = call ptr @malloc(i64 40)
  store ptr %old, ptr %p
  store ptr %p, ptr @list
  %q = load ptr, ptr %p
  call void @free(ptr %q)
  ret void
}

define internal ptr @list_all(ptr %x) noinline {
  call void @list_some()
  ret ptr null
}

; CHECK-LABEL: define internal void @build(
; CHECK: call noalias ptr @vmr_bump_refill(ptr @vmemopt.heap.1, i64 24
define internal void @build() noinline {
  %old = load ptr, ptr @tree
  %p = call ptr @malloc(i64 24)
  store ptr %old, ptr %p
  store ptr %p, ptr @tree
  ret void
}

; CHECK-LABEL: define internal i64 @recycle(
; CHECK: call i32 @vmr_heap_create(ptr @vmemopt.heap.2, ptr null, i32 4)
; CHECK: call void @vmr_heap_destroy(
define internal i64 @recycle(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @malloc(i64 72)
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

; CHECK-LABEL: define internal void @fill(
; CHECK-NOT: call {{.*}}@vmr_heap_alloc(
; CHECK: call void @vmr_heap_free(
define internal void @fill(i64 %n) noinline {
  %old = load ptr, ptr @array
  call void @free(ptr %old)
  %bytes = shl i64 %n, 2
  %p = call ptr @malloc(i64 %bytes)
  %at = getelementptr i32, ptr %p, i64 %n
  store i32 7, ptr %at
  store ptr %p, ptr @array
  ret void
}

; CHECK-LABEL: define internal void @reply_to(
; CHECK: call ptr @vmr_heap_alloc(ptr %{{.*}}, i64 48)
; CHECK-NOT: @vmemopt.range
; CHECK: call ptr @vmr_heap_alloc(
; CHECK: ret void
define internal void @reply_to(i64 %n) noinline {
  %old = load ptr, ptr @reply
  call void @free(ptr %old)
  %p = call ptr @malloc(i64 48)
; LINKED:   %l = load ptr, ptr @list
; LINKED:   store ptr %l, ptr %p
  store ptr %p, ptr @reply
  %former = load ptr, ptr @replies
  call void @free(ptr %former)
  %bytes = shl i64 %n, 2
  %q = call ptr @malloc(i64 %bytes)
  %at = getelementptr i32, ptr %q, i64 %n
  store i32 7, ptr %at
  store ptr %q, ptr @replies
  ret void
}

; CHECK-LABEL: define internal void @both(
; CHECK: call ptr @vmr_heap_alloc(ptr %{{.*}}, i64 56)
; CHECK-NOT: @vmemopt.range
; CHECK: ret void
; What nobody calls does not matter.
define internal void @dead() noinline {
  call void @list_some()
  call void @build()
  ret void
}

define internal void @both() noinline {
  %old = load ptr, ptr @either
  call void @free(ptr %old)
  %p = call ptr @malloc(i64 56)
  store ptr null, ptr %p
  store ptr %p, ptr @either
  ret void
}

define internal ptr @work(ptr %x) {
  call void @reply_to(i64 7)
  call void @both()
; AGAIN:   %again = call i32 @main(i32 0)
; FREED:   %taken = load ptr, ptr @list
; FREED:   call void @free(ptr %taken)
; MOVED:   %taken = load ptr, ptr @list
; MOVED:   %moved = call ptr @realloc(ptr %taken, i64 40)
; MOVED:   store ptr %moved, ptr @list
  ret ptr null
}

define i32 @main(i32 %n) {
  %thread = alloca i64
  %which = sext i32 %n to i64
  %r = call i32 @pthread_create(ptr %thread, ptr null, ptr @work, ptr null)
; CALLED:   %w = call ptr @work(ptr null)
; TABLE:   %routine.at = getelementptr [2 x ptr], ptr @routines, i64 0, i64 %which
; TABLE:   %routine = load ptr, ptr %routine.at
; TABLE:   %s = call i32 @pthread_create(ptr %thread, ptr null, ptr %routine, ptr null)
; ONCE:   %o = call i32 @pthread_create(ptr %thread, ptr null, ptr @list_all, ptr null)
; HANDED:   %o = call i32 @pthread_once(ptr %thread, ptr @list_some)
; ENDS:   %o = call i32 @atexit(ptr @list_some)
; SIGNAL:   %o = call ptr @signal(i32 10, ptr @list_some)
; SIGNAL:   %i = call ptr @signal(i32 13, ptr inttoptr (i64 1 to ptr))
; CHOSEN:   %c = load ptr, ptr @chosen
; CHOSEN:   %o = call i32 @atexit(ptr %c)
  %z = call ptr @list_all(ptr null)
  call void @build()
  %x = call i64 @recycle(i64 6)
  %y = call i64 @recycle(i64 5)
  call void @fill(i64 %which)
  call void @both()
  ret i32 0
}
