; A program that makes threads has heaps with lists alone: what one thread makes another may free.
; RUN: %vmemopt opt --heaps --whole-program %s -o - | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

; CHECK: @vmemopt.heap.0 = internal global ptr null
@held = internal global ptr null

declare ptr @malloc(i64)
declare void @free(ptr)
declare ptr @strange()
declare i32 @pthread_create(ptr, ptr, ptr, ptr)

; CHECK-LABEL: define internal ptr @work(
; CHECK: call ptr @vmr_heap_alloc(
define internal ptr @work(ptr %x) {
  %p = call ptr @malloc(i64 8)
  store ptr null, ptr %p
  store ptr %p, ptr @held
  ret ptr null
}

; CHECK-LABEL: define i32 @main(
; CHECK: call void @vmr_heap_free(
define i32 @main() {
  %t = alloca i64
  %r = call i32 @pthread_create(ptr %t, ptr null, ptr @work, ptr null)
  %s = call ptr @strange()
  call void @free(ptr %s)
  ret i32 0
}

; CHECK: call i32 @vmr_heap_create(ptr @vmemopt.heap.0, ptr null, i32 5)
