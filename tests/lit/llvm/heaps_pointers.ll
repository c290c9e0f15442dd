; free and realloc whose addresses are taken become functions of the same shape that know heaps; direct calls that get no object
; of a heap stay as they are.
; RUN: %vmemopt opt --heaps --whole-program %s -o - | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

; CHECK-DAG: @drop = internal global ptr @vmr_heap_free
; CHECK-DAG: @resize = internal global ptr @vmemopt.heap.move
@drop = internal global ptr @free
@resize = internal global ptr @realloc
@held = internal global ptr null

declare ptr @malloc(i64)
declare ptr @realloc(ptr, i64)
declare void @free(ptr)
declare ptr @strange()

; CHECK-LABEL: define i32 @main(
; CHECK: call {{.*}}ptr @vmr_heap_refill(
; CHECK: call ptr %{{.*}}(ptr %{{.*}}, i64 80)
; CHECK: call void %{{.*}}(ptr
; CHECK: call ptr @strange()
; CHECK: call void @free(ptr
define i32 @main() {
  %p = call ptr @malloc(i64 40)
  store ptr %p, ptr @held
  %grow = load ptr, ptr @resize
  %q = call ptr %grow(ptr %p, i64 80)
  store ptr %q, ptr @held
  %give = load ptr, ptr @drop
  %r = load ptr, ptr @held
  call void %give(ptr %r)
  %s = call ptr @strange()
  call void @free(ptr %s)
  ret i32 0
}

; CHECK-LABEL: define internal ptr @vmemopt.heap.move(ptr %0, i64 %1)
; CHECK: call ptr @vmr_heap_realloc(ptr null, ptr %0, i64 %1)
