; A call through a pointer that may mean several functions of the library: one with fewer parameters does not look at the other
; arguments, and keeps none of them.
; RUN: %vmemopt opt --heaps --whole-program %s -o - | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

@calls = internal global [2 x ptr] [ptr @close, ptr @read]

declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @close(i32)
declare i64 @read(i32, ptr, i64)

; CHECK-LABEL: define i32 @main(
; CHECK: call {{.*}}ptr @vmr_heap_refill(
define i32 @main(i32 %n) {
  %p = call ptr @malloc(i64 100)
  %i = zext i32 %n to i64
  %at = getelementptr [2 x ptr], ptr @calls, i64 0, i64 %i
  %f = load ptr, ptr %at
  %r = call i64 %f(i32 0, ptr %p, i64 100)
  %again = load ptr, ptr %at
  %s = call i64 %again(i32 %n)
  call void @free(ptr %p)
  %result = trunc i64 %s to i32
  ret i32 %result
}
