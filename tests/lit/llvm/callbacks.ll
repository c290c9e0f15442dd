; qsort of an array in the frame, when the function that compares is known and keeps nothing.
; RUN: %vmemopt opt %s -o %t.ll --text | FileCheck %s
target triple = "x86_64-pc-linux-gnu"
@kept = global ptr null
declare ptr @malloc(i64)
declare void @free(ptr)
declare void @qsort(ptr, i64, i64, ptr)

define internal i32 @compare(ptr %a, ptr %b) {
  %x = load i32, ptr %a
  %y = load i32, ptr %b
  %d = sub i32 %x, %y
  ret i32 %d
}

define internal i32 @compare_and_keep(ptr %a, ptr %b) {
  store ptr %a, ptr @kept
  ret i32 0
}

; CHECK: sorted
; CHECK-NEXT: malloc, 40 bytes: to the stack
define i32 @sorted() {
  %p = call ptr @malloc(i64 40)
  call void @qsort(ptr %p, i64 10, i64 4, ptr @compare)
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; CHECK: sorted_and_kept
; CHECK-NEXT: malloc, 40 bytes: kept: it is handed to code that may keep it (qsort)
define i32 @sorted_and_kept() {
  %p = call ptr @malloc(i64 40)
  call void @qsort(ptr %p, i64 10, i64 4, ptr @compare_and_keep)
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; CHECK: sorted_somehow
; CHECK-NEXT: malloc, 40 bytes: kept: it is handed to code that may keep it (qsort)
define i32 @sorted_somehow(ptr %f) {
  %p = call ptr @malloc(i64 40)
  call void @qsort(ptr %p, i64 10, i64 4, ptr %f)
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; Of the whole program, a call through a pointer leads to functions that are pointed to and take as many arguments: `chosen` is
; none that it calls, so it has one frame at a time; `visited` may be, and has a
; budget.
; RUN: %vmemopt opt %s --whole-program -o %t.ll --text | FileCheck %s --check-prefix=WHOLE
@table = global ptr @visited
; WHOLE: chosen
; WHOLE-NEXT: malloc, 40 bytes: to the stack
; CHECK: chosen
; CHECK-NEXT: malloc, 40 bytes: freed after its last use; kept: code that is not seen may call the function again
define internal i32 @chosen(i32 %n, ptr %f) {
  %p = call ptr @malloc(i64 40)
  call void @qsort(ptr %p, i64 10, i64 4, ptr @compare)
  %g = load ptr, ptr @table
  %r = call i32 %g(i32 %n)
  call void @free(ptr %p)
  ret i32 %r
}
; WHOLE: visited
; WHOLE-NEXT: malloc, 40 bytes: to the stack, where it fits 48 bytes, while the recursion's budget lasts
define internal i32 @visited(i32 %n) {
  %p = call ptr @malloc(i64 40)
  store i8 0, ptr %p
  %g = load ptr, ptr @table
  %r = call i32 %g(i32 %n)
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}
@chooser = global ptr @chosen
