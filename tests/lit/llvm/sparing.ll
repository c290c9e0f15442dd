; What a callee frees that cannot stand in place of its call may be in a slot: a copy of the callee spares the caller's slots.
; RUN: %vmemopt opt %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
; RUN: %vmemopt analyze %s | FileCheck %s --check-prefix=TEXT
; RUN: %vmemopt opt %t.ll -o %t.again.ll
target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare ptr @realloc(ptr, i64)
declare void @free(ptr)
declare i64 @strlen(ptr)
declare i32 @puts(ptr)
declare void @unknown(ptr)

define internal void @release(ptr %p) noinline {
  call void @free(ptr nonnull %p)
  ret void
}

; A list of two fields: the item and the next.
define internal void @drop(ptr %list) noinline {
  %none = icmp eq ptr %list, null
  br i1 %none, label %done, label %some
some:
  %item = load ptr, ptr %list
  %at = getelementptr i8, ptr %list, i64 8
  %next = load ptr, ptr %at
  %own = call ptr @malloc(i64 2000)
  %length = call i64 @strlen(ptr %own)
  call void @free(ptr %own)
  call void @free(ptr %item)
  call void @free(ptr %list)
  call void @drop(ptr %next)
  br label %done
done:
  ret void
}

define internal ptr @keep_or_free(ptr %p, i1 %keep) noinline {
  br i1 %keep, label %yes, label %no
yes:
  ret ptr %p
no:
  call void @release(ptr %p)
  ret ptr null
}

define internal ptr @enlarge(ptr %p) noinline {
  %q = call ptr @realloc(ptr %p, i64 100)
  ret ptr %q
}

define internal void @enlarge_or_free(ptr %p) noinline {
  %q = call ptr @enlarge(ptr %p)
  call void @free(ptr %q)
  ret void
}

define internal void @release_some(ptr %p, ...) noinline {
  call void @free(ptr %p)
  ret void
}

define internal void @remember_and_free(ptr %p) noinline {
  call void @unknown(ptr %p)
  call void @free(ptr %p)
  ret void
}

; TEXT: one, frame +16 bytes
; TEXT-NEXT: malloc, 8 bytes: to the stack{{$}}
; CHECK-LABEL: define void @one(
; CHECK: %[[FRAME:.*]] = alloca [16 x i8], align 16
; CHECK: %[[END:.*]] = getelementptr inbounds i8, ptr %[[FRAME]], i64 16
; CHECK: %[[SLOT:.*]] = getelementptr inbounds i8, ptr %[[FRAME]], i64 0
; CHECK-NOT: @malloc
; CHECK: call void @release.sparing(ptr %[[SLOT]], ptr %[[FRAME]], ptr %[[END]])
; CHECK: ret void
define void @one() {
  %p = call ptr @malloc(i64 8)
  store i64 1, ptr %p
  tail call void @release(ptr %p)
  ret void
}

; Two objects, one reached from the other, of which one is not of a known size: what does not fit is freed as before.
; TEXT: both, frame
; TEXT-NEXT: malloc, 16 bytes: to the stack{{$}}
; TEXT-NEXT: malloc, size argument 1: to the stack, where it fits 1024 bytes
; CHECK-LABEL: define void @both(
; CHECK: %[[FRAME:.*]] = alloca [{{[0-9]+}} x i8], align 16
; CHECK: %[[END:.*]] = getelementptr inbounds i8, ptr %[[FRAME]], i64
; CHECK: getelementptr inbounds i8, ptr %[[FRAME]], i64 0
; CHECK: getelementptr inbounds i8, ptr %[[FRAME]], i64 16
; CHECK: call ptr @malloc(i64 %n)
; CHECK: call void @drop.sparing(ptr {{.*}}, ptr %[[FRAME]], ptr %[[END]])
define void @both(i64 %n) {
  %list = call ptr @malloc(i64 16)
  %item = call ptr @malloc(i64 %n)
  store ptr %item, ptr %list
  %at = getelementptr i8, ptr %list, i64 8
  store ptr null, ptr %at
  call void @drop(ptr %list)
  ret void
}

; The callee gives it back or frees it; the caller then frees what it got.
; TEXT: back, frame +48 bytes
; CHECK-LABEL: define void @back(
; CHECK-NOT: @malloc
; CHECK: %[[Q:.*]] = call ptr @keep_or_free.sparing(ptr {{.*}}, i1 %keep, ptr
; CHECK-NOT: @free
; CHECK: ret void
define void @back(i1 %keep) {
  %p = call ptr @malloc(i64 48)
  store i64 1, ptr %p
  %q = call ptr @keep_or_free(ptr %p, i1 %keep)
  call void @free(ptr %q)
  ret void
}

; A loop that has lost the last object when it makes the next.
; TEXT: each, frame +32 bytes
; CHECK-LABEL: define void @each(
; CHECK-NOT: @malloc
; CHECK: ret void
define void @each(i64 %n) {
entry:
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %p = call ptr @malloc(i64 24)
  store i64 %i, ptr %p
  call void @release(ptr %p)
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %again, label %done
done:
  ret void
}

; Several may be alive: only a flag can tell, of which the copy knows nothing.
; TEXT: flagged
; TEXT-NEXT: malloc, 24 bytes, in a loop: kept: a called function frees or moves it (release)
; CHECK-LABEL: define void @flagged(
; CHECK: call ptr @malloc(i64 24)
; CHECK: call void @release(ptr %last)
define void @flagged(i64 %n) {
entry:
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %last = phi ptr [ null, %entry ], [ %p, %again ]
  %p = call ptr @malloc(i64 24)
  store i64 %i, ptr %p
  call void @release(ptr %last)
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %again, label %done
done:
  call void @release(ptr %p)
  ret void
}

; A callee that moves it, itself or through another, knows nothing of slots.
; TEXT: moved
; TEXT-NEXT: malloc, 8 bytes: kept: a called function frees or moves it (enlarge)
; TEXT: moved_deeper
; TEXT-NEXT: malloc, 8 bytes: kept: a called function frees or moves it (enlarge_or_free)
; CHECK-LABEL: define void @moved(
; CHECK: call ptr @malloc(i64 8)
; CHECK-LABEL: define void @moved_deeper(
; CHECK: call ptr @malloc(i64 8)
define void @moved() {
  %p = call ptr @malloc(i64 8)
  %q = call ptr @enlarge(ptr %p)
  call void @free(ptr %q)
  ret void
}
define void @moved_deeper() {
  %p = call ptr @malloc(i64 8)
  call void @enlarge_or_free(ptr %p)
  ret void
}

; No argument can be added to `...`.
; TEXT: variadic
; TEXT-NEXT: malloc, 8 bytes: kept: a called function frees or moves it (release_some)
define void @variadic() {
  %p = call ptr @malloc(i64 8)
  call void (ptr, ...) @release_some(ptr %p)
  ret void
}

; The callee hands it on before: others know it.
; TEXT: known
; TEXT-NEXT: malloc, 8 bytes: kept: it is handed to code that may keep it (remember_and_free)
define void @known() {
  %p = call ptr @malloc(i64 8)
  call void @remember_and_free(ptr %p)
  ret void
}

; Aligned to more than what callees are told of is.
; TEXT: aligned
; TEXT-NEXT: aligned_alloc, 64 bytes: kept: a called function frees or moves it (release)
declare ptr @aligned_alloc(i64, i64)
define void @aligned() {
  %p = call ptr @aligned_alloc(i64 64, i64 64)
  call void @release(ptr %p)
  ret void
}

; Where nothing is told, the original is called.
; CHECK-LABEL: define void @handed_on(
; CHECK: call void @release(ptr %p)
define void @handed_on(ptr %p) {
  call void @release(ptr %p)
  ret void
}

; The copies. What is freed that the function made itself is not looked at; those that they call for the caller are copies, too.
; CHECK-LABEL: define internal void @release.sparing(ptr %0, ptr %1, ptr %2)
; CHECK: %[[A:.*]] = icmp uge ptr %0, %1
; CHECK: %[[B:.*]] = icmp ult ptr %0, %2
; CHECK: %[[IN:.*]] = and i1 %[[A]], %[[B]]
; CHECK: %[[REST:.*]] = select i1 %[[IN]], ptr null, ptr %0
; CHECK: call void @free(ptr %[[REST]])
; CHECK-LABEL: define internal void @drop.sparing(
; CHECK: %[[OWN:.*]] = call ptr @malloc(i64 2000)
; CHECK: call void @free(ptr %[[OWN]])
; CHECK: select
; CHECK: call void @free(
; CHECK: select
; CHECK: call void @free(
; CHECK: call void @drop.sparing(ptr {{.*}}, ptr %1, ptr %2)
; CHECK-LABEL: define internal ptr @keep_or_free.sparing(
; CHECK: call void @release.sparing(
; CHECK-NOT: .sparing(
