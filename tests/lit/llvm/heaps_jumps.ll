; What a setjmp or longjmp is handed stays the program's own: an object that holds a buffer, with what it leads to, has a heap;
; and no threads begin there, though the address of a function is taken.
; RUN: %vmemopt opt --heaps --whole-program %s -o - | FileCheck %s
; RUN: %vmemopt analyze --heaps --whole-program %s | FileCheck %s --check-prefix=TEXT
target triple = "x86_64-pc-linux-gnu"

; TEXT: 1 heap for 2 of 2 sites
; TEXT-NOT: may have threads
; TEXT: heap 0, lists

%frame = type { ptr, ptr, [200 x i8] }

; CHECK-DAG: @vmemopt.heap.0 = internal global
@top = internal global ptr null
@handler = internal global ptr @fail

declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @_setjmp(ptr) returns_twice
declare void @longjmp(ptr, i32) noreturn

define internal void @fail(i32 %code) {
  %frame = load ptr, ptr @top
  %buffer = getelementptr i8, ptr %frame, i64 16
  call void @longjmp(ptr %buffer, i32 %code)
  unreachable
}

; CHECK-LABEL: define i32 @main(
; CHECK-COUNT-2: call {{.*}}ptr @vmr_heap_refill(
; CHECK-COUNT-2: call void @vmr_heap_free(
define i32 @main() {
  %frame = call ptr @malloc(i64 216)
  %text = call ptr @malloc(i64 40)
  store ptr %text, ptr %frame
  store ptr %frame, ptr @top
  %buffer = getelementptr i8, ptr %frame, i64 16
  %r = call i32 @_setjmp(ptr %buffer)
  %first = icmp eq i32 %r, 0
  br i1 %first, label %try, label %done
try:
  %f = load ptr, ptr @handler
  call void %f(i32 3)
  br label %done
done:
  %t = load ptr, ptr %frame
  call void @free(ptr %t)
  call void @free(ptr %frame)
  ret i32 %r
}

; One thread: the heap is not shared.
; CHECK: call i32 @vmr_heap_create(ptr @vmemopt.heap.0, ptr null, i32 12)
