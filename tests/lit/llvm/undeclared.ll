; Functions that were called before they were declared with parameters: the call gets the type of the definition, where its
; arguments are those that it takes.
; RUN: %vmemopt analyze %s | FileCheck %s --check-prefix=TEXT
; RUN: %vmemopt opt %s -o - | FileCheck %s
target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i64)
declare void @free(ptr)

define internal ptr @clear(ptr returned %set, i32 %words) noinline {
  store i32 %words, ptr %set
  ret ptr %set
}
define internal void @ignore(ptr %set) noinline {
  ret void
}

; TEXT: agrees
; TEXT-NEXT: malloc, 32 bytes: to the stack
; CHECK-LABEL: define i32 @agrees(
; CHECK: call ptr @clear(ptr noundef %{{.*}}, i32 8)
; CHECK: call void @ignore(ptr
; CHECK-NOT: @free
; CHECK: ret i32
define i32 @agrees() {
  %p = call ptr @malloc(i64 32)
  %q = call ptr (ptr, i32, ...) @clear(ptr noundef %p, i32 8)
  %unused = call i32 (ptr, ...) @ignore(ptr %q)
  %x = load i32, ptr %q
  call void @free(ptr %q)
  ret i32 %x
}

; Another number of arguments, another type, a result that is none.
; TEXT: kept: it is handed to code that may keep it
; CHECK-LABEL: define void @too_few(
; CHECK: call ptr (ptr, ...) @clear(ptr %p)
define void @too_few() {
  %p = call ptr @malloc(i64 32)
  %q = call ptr (ptr, ...) @clear(ptr %p)
  call void @free(ptr %p)
  ret void
}
; An int that is given as a long, in a register: the lower half.
; TEXT: too_wide
; TEXT-NEXT: malloc, 32 bytes: to the stack
; CHECK-LABEL: define void @too_wide(
; CHECK: %[[HALF:.*]] = trunc i64 %n to i32
; CHECK: call ptr @clear(ptr %{{.*}}, i32 %[[HALF]])
define void @too_wide(i64 %n) {
  %p = call ptr @malloc(i64 32)
  %q = call ptr (ptr, i64, ...) @clear(ptr %p, i64 noundef %n)
  call void @free(ptr %p)
  ret void
}
; Not in one, or not the half of it.
define internal void @many(ptr %p, i32 %a, i32 %b, i32 %c, i32 %d) noinline {
  ret void
}
; TEXT: too_many
; TEXT-NEXT: malloc, 32 bytes: kept: it is handed to code that may keep it
define void @too_many(i64 %n) {
  %p = call ptr @malloc(i64 32)
  call void (ptr, i32, i32, i32, i64, ...) @many(ptr %p, i32 1, i32 2, i32 3, i64 %n)
  call void @free(ptr %p)
  ret void
}
; TEXT: too_narrow
; TEXT-NEXT: malloc, 32 bytes: kept: it is handed to code that may keep it
define void @too_narrow(i16 %n) {
  %p = call ptr @malloc(i64 32)
  %q = call ptr (ptr, i16, ...) @clear(ptr %p, i16 %n)
  call void @free(ptr %p)
  ret void
}
; TEXT: kept: it is handed to code that may keep it
; CHECK-LABEL: define i32 @no_result(
; CHECK: call i32 (ptr, ...) @ignore(ptr %p)
define i32 @no_result() {
  %p = call ptr @malloc(i64 32)
  %x = call i32 (ptr, ...) @ignore(ptr %p)
  call void @free(ptr %p)
  ret i32 %x
}
