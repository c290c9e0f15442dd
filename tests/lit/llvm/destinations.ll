; A function that makes an object, and cannot stand in place of its call, is told where to put it by callers in which it is
; local. Callers that hand it on, and those that are not seen, say nowhere.
; RUN: %vmemopt opt %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
; RUN: %vmemopt analyze %s | FileCheck %s --check-prefix=LOOK
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare ptr @aligned_alloc(i64, i64)
declare void @free(ptr)
declare void @exit(i32) noreturn
declare i32 @puts(ptr)
@kept_here = global ptr null

; What it is freed by in the function itself compares, too. Promises that no longer hold are gone.
; LOOK-LABEL: {{^}}make
; LOOK-NEXT: malloc, size 4 * argument 1: to the stack, where it fits 1024 bytes and the one before is free
; TEXT-LABEL: {{^}}make
; TEXT-NEXT: malloc, size 4 * argument 1: to the stack, where it fits 1024 bytes and the one before is free
; CHECK-LABEL: define ptr @kept(
; CHECK: call ptr @make(i64 %n, ptr null, i64 0, ptr null)
define internal noalias nonnull ptr @make(i64 %n) noinline nounwind memory(inaccessiblemem: readwrite) {
  %bytes = mul i64 %n, 4
  %p = call ptr @malloc(i64 %bytes)
  store i32 1, ptr %p
  %bad = icmp ugt i64 %n, 1000
  br i1 %bad, label %drop, label %good
drop:
  call void @free(ptr %p)
  call void @exit(i32 1)
  unreachable
good:
  ret ptr %p
}
define ptr @kept(i64 %n) {
  %p = call ptr @make(i64 %n)
  ret ptr %p
}

; CHECK-LABEL: define i32 @local(
; CHECK: %[[SLOT:.*]] = alloca [{{[0-9]+}} x i8], align 16
; CHECK: %[[TAKEN:.*]] = alloca i1
; CHECK: store i1 false, ptr %[[TAKEN]]
; CHECK: %p = call ptr @make(i64 %n, ptr %[[SLOT]], i64 {{[0-9]+}}, ptr %[[TAKEN]])
; CHECK: %[[OURS:.*]] = icmp eq ptr %p, %[[SLOT]]
; CHECK: store i1 %{{.*}}, ptr %[[TAKEN]]
; CHECK: %[[REST:.*]] = select i1 %[[OURS]], ptr null, ptr %p
; CHECK: call void @free(ptr %[[REST]])
define i32 @local(i64 %n) {
  %p = call ptr @make(i64 %n)
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; A count of references: whichever release is the last one, it compares.
; CHECK-LABEL: define i32 @counted(
; CHECK: call ptr @counter(ptr %{{.*}}, i64 16, ptr %{{.*}})
; CHECK-NOT: call void @free(ptr %p)
define i32 @counted(i1 %more) {
  %p = call ptr @counter()
  br i1 %more, label %again, label %drop
again:
  %old = load i32, ptr %p
  %new = add i32 %old, 1
  store i32 %new, ptr %p
  br label %drop
drop:
  %count = load i32, ptr %p
  %less = sub i32 %count, 1
  store i32 %less, ptr %p
  %last = icmp eq i32 %less, 0
  br i1 %last, label %dead, label %alive
dead:
  call void @free(ptr %p)
  ret i32 0
alive:
  ret i32 %less
}
define internal ptr @counter() noinline {
  %p = call ptr @xmalloc(i64 8)
  store i32 1, ptr %p
  ret ptr %p
}
define internal ptr @xmalloc(i64 %n) {
  %p = call ptr @malloc(i64 %n)
  %none = icmp eq ptr %p, null
  br i1 %none, label %fail, label %good
good:
  ret ptr %p
fail:
  call void @exit(i32 1)
  unreachable
}

; One after another in a loop: the second goes to the heap while the first is there.
; CHECK-LABEL: define void @turns(
; CHECK: call ptr @make(i64 %n, ptr %{{.*}}, i64 {{[0-9]+}}, ptr %{{.*}})
define void @turns(i64 %n) {
entry:
  %first = call ptr @make(i64 %n)
  br label %loop
loop:
  %last = phi ptr [ %first, %entry ], [ %next, %loop ]
  %i = phi i64 [ 0, %entry ], [ %more, %loop ]
  %next = call ptr @make(i64 %n)
  %x = load i32, ptr %last
  store i32 %x, ptr %next
  call void @free(ptr %last)
  %more = add i64 %i, 1
  %again = icmp ult i64 %more, 10
  br i1 %again, label %loop, label %done
done:
  call void @free(ptr %next)
  ret void
}

; By way of a function that hands it on.
; CHECK-LABEL: define i32 @through_middle(
; CHECK: call ptr @middle(i64 %n, ptr %{{.*}}, i64 {{[0-9]+}}, ptr %{{.*}})
define internal ptr @middle(i64 %n) noinline {
  %p = call ptr @make(i64 %n)
  store i32 2, ptr %p
  ret ptr %p
}
define i32 @through_middle(i64 %n) {
  %p = call ptr @middle(i64 %n)
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; By way of memory that the caller hands over.
; CHECK-LABEL: define i32 @through_memory(
; CHECK: call void @put(ptr %where, ptr %{{.*}}, i64 16, ptr %{{.*}})
define internal void @put(ptr %to) noinline {
  %p = call ptr @calloc(i64 2, i64 4)
  store ptr %p, ptr %to
  ret void
}
define i32 @through_memory() {
  %where = alloca ptr
  call void @put(ptr %where)
  %p = load ptr, ptr %where
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; Others may call it: what they call stays, and says nowhere. A jump to it stays one.
; CHECK-LABEL: define ptr @known(i64 %n)
; CHECK-NEXT: entry:
; CHECK-NEXT: call ptr @known.slot(i64 %n, ptr null, i64 0, ptr null)
; CHECK-NEXT: ret ptr
; CHECK-LABEL: define ptr @jumps(
; CHECK: musttail call ptr @known(i64 %n)
; CHECK-LABEL: define i32 @uses_known(
; CHECK: call ptr @known.slot(i64 4, ptr %{{.*}}, i64 {{[0-9]+}}, ptr %{{.*}})
define ptr @known(i64 %n) noinline {
  %p = call ptr @malloc(i64 %n)
  store i32 1, ptr %p
  ret ptr %p
}
define ptr @jumps(i64 %n) {
  %p = musttail call ptr @known(i64 %n)
  ret ptr %p
}
define i32 @uses_known() {
  %p = call ptr @known(i64 4)
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; ---- near misses ----

; It calls itself.
; CHECK-LABEL: define i32 @of_recursion(
; CHECK: call ptr @deep(i64 %n)
define internal ptr @deep(i64 %n) noinline {
  %p = call ptr @malloc(i64 8)
  store i64 %n, ptr %p
  %less = sub i64 %n, 1
  %go = icmp ugt i64 %n, 0
  br i1 %go, label %down, label %done
down:
  %q = call ptr @deep(i64 %less)
  call void @free(ptr %q)
  br label %done
done:
  ret ptr %p
}
define i32 @of_recursion(i64 %n) {
  %p = call ptr @deep(i64 %n)
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; The function keeps it.
; CHECK-LABEL: define i32 @of_keeper(
; CHECK: call ptr @keeper()
define internal ptr @keeper() noinline {
  %p = call ptr @malloc(i64 8)
  store ptr %p, ptr @kept_here
  ret ptr %p
}
define i32 @of_keeper() {
  %p = call ptr @keeper()
  %x = load i32, ptr %p
  ret i32 %x
}

; What frees it on the way cannot stand there.
; CHECK-LABEL: define i32 @of_doubtful(
; CHECK: call ptr @doubtful(i1 %b)
define internal void @release(ptr %p) noinline {
  call void @free(ptr %p)
  ret void
}
define internal ptr @doubtful(i1 %b) noinline {
  %p = call ptr @malloc(i64 8)
  store i64 3, ptr %p
  br i1 %b, label %drop, label %good
drop:
  call void @release(ptr %p)
  ret ptr null
good:
  ret ptr %p
}
define i32 @of_doubtful(i1 %b) {
  %p = call ptr @doubtful(i1 %b)
  %none = icmp eq ptr %p, null
  br i1 %none, label %nothing, label %some
some:
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
nothing:
  ret i32 0
}

; It makes many, of which one would fit.
; CHECK-LABEL: define i32 @of_builder(
; CHECK: call void @builder(ptr %list, i64 9)
define internal void @builder(ptr %list, i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %e = call ptr @malloc(i64 24)
  %head = load ptr, ptr %list
  store ptr %head, ptr %e
  store ptr %e, ptr %list
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %end
end:
  ret void
}
define i32 @of_builder() {
  %list = alloca ptr
  store ptr null, ptr %list
  call void @builder(ptr %list, i64 9)
  %first = load ptr, ptr %list
  %x = load i32, ptr %first
  ret i32 %x
}

; A strict alignment, which the slot may not have.
; CHECK-LABEL: define i32 @of_aligned(
; CHECK: call ptr @aligned()
define internal ptr @aligned() noinline {
  %p = call ptr @aligned_alloc(i64 64, i64 64)
  store i32 1, ptr %p
  ret ptr %p
}
define i32 @of_aligned() {
  %p = call ptr @aligned()
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; Too large.
; CHECK-LABEL: define i32 @of_large(
; CHECK: call ptr @large()
define internal ptr @large() noinline {
  %p = call ptr @malloc(i64 5000)
  store i32 1, ptr %p
  ret ptr %p
}
define i32 @of_large() {
  %p = call ptr @large()
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; Functions that changed come last in the module.
; CHECK-LABEL: define internal nonnull ptr @make(i64 %n, ptr %slot, i64 %room, ptr %taken)
; CHECK: store i1 true, ptr %[[NOWHERE:.*]],
; CHECK: %[[NONE:.*]] = icmp eq ptr %slot, null
; CHECK: %[[PLACE:.*]] = select i1 %[[NONE]], ptr %[[NOWHERE]], ptr %slot
; CHECK: select i1 %[[NONE]], ptr %[[NOWHERE]], ptr %taken
; CHECK: icmp ule i64 %{{.*}}, %room
; CHECK: call ptr @malloc
; CHECK: icmp eq ptr %{{.*}}, %[[PLACE]]
; CHECK-LABEL: define internal ptr @middle(
; CHECK: call ptr @make(i64 %n, ptr %vmemopt.slot, i64 %room, ptr %vmemopt.taken)
; CHECK: attributes
; CHECK-NOT: memory(inaccessiblemem
