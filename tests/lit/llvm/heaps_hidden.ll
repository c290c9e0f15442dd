; An address of which a part is kept as a number may be put together again: its objects have lists, are aligned as malloc's, and
; every call that frees tells them from malloc's. Where code that is not seen might free what it gets, they stay with malloc.
; RUN: %vmemopt opt --heaps --whole-program %s -o - | FileCheck %s
; RUN: sed 's/^; UNSEEN: //' %s > %t.unseen.ll
; RUN: %vmemopt opt --heaps --whole-program %t.unseen.ll -o - | FileCheck %s --check-prefix=STAYS
; RUN: sed 's/^; LINES: //' %s > %t.lines.ll
; RUN: %vmemopt opt --heaps --whole-program %t.lines.ll -o - | FileCheck %s --check-prefix=STAYS
; RUN: sed 's/^; STRANGE: //' %s > %t.strange.ll
; RUN: %vmemopt opt --heaps --whole-program %t.strange.ll -o - | FileCheck %s --check-prefix=STAYS
target triple = "x86_64-pc-linux-gnu"

; CHECK-DAG: @vmemopt.heap.0 = internal global ptr null
; CHECK-DAG: @drop = internal global ptr @vmr_heap_free
@held = internal global ptr null
@low = internal global i32 0
@high = internal global i32 0
@bits = internal global i64 0
@drop = internal global ptr @free
@stderr = external global ptr
; STRANGE: @hook = external global ptr

declare ptr @malloc(i64)
declare void @free(ptr)
; UNSEEN: declare void @unseen()
; LINES: declare i64 @getline(ptr, ptr, ptr)

define internal void @scatter(ptr %p) noinline {
  %n = ptrtoint ptr %p to i64
  %l = trunc i64 %n to i32
  %s = lshr i64 %n, 32
  %h = trunc i64 %s to i32
  store i32 %l, ptr @low
  store i32 %h, ptr @high
  ret void
}

; What is put together has nothing to do with the object, as far as is seen.
; CHECK-LABEL: define internal void @gather(
; CHECK: call void @vmr_heap_free(
define internal void @gather() noinline {
  %l = load i32, ptr @low
  %h = load i32, ptr @high
  %a = zext i32 %l to i64
  %b = zext i32 %h to i64
  %c = shl i64 %b, 32
  %d = or i64 %a, %c
  %p = inttoptr i64 %d to ptr
  call void @free(ptr %p)
  ret void
}

; CHECK-LABEL: define i32 @main(
; CHECK: call {{.*}}ptr @vmr_heap_refill(ptr %{{.*}}, i64 24)
; STAYS-LABEL: define i32 @main(
; STAYS: call ptr @malloc(i64 24)
define i32 @main() {
  %p = call ptr @malloc(i64 24)
  store i64 1, ptr %p
  store ptr %p, ptr @held
  call void @scatter(ptr %p)
  store ptr null, ptr @held
  call void @gather()
  ret i32 0
}

; Alignment 16: of the flags there is only that the first objects are malloc's.
; CHECK: call i32 @vmr_heap_create(ptr @vmemopt.heap.0, ptr null, i32 8)
