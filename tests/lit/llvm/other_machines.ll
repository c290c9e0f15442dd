; Functions for other machines are not inlined, but may be told where to put what they make; a program's own malloc (-fno-builtin) is not libc's.
; RUN: %vmemopt opt %s --whole-program -o - | FileCheck %s
; RUN: %vmemopt analyze %s --whole-program | FileCheck %s --check-prefix=TEXT
target triple = "x86_64-pc-linux-gnu"

declare noalias ptr @malloc(i64)
declare void @free(ptr)

; TEXT: make_wide
; TEXT-NEXT: malloc, 32 bytes: to the stack, where it fits 32 bytes
; TEXT: make
; TEXT-NEXT: malloc, 32 bytes: local to 1 of 1 callers, where its function is inlined
define internal ptr @make_wide() "target-cpu"="x86-64" "target-features"="+avx2" {
  %p = call ptr @malloc(i64 32)
  ret ptr %p
}
define internal ptr @make() "target-cpu"="x86-64" {
  %p = call ptr @malloc(i64 32)
  ret ptr %p
}

; CHECK-LABEL: define i32 @calls_wide(
; CHECK: call ptr @make_wide(ptr %vmemopt.slot, i64 32, ptr %vmemopt.taken)
define i32 @calls_wide() "target-cpu"="x86-64" {
  %p = call ptr @make_wide()
  store i32 1, ptr %p
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; CHECK-LABEL: define i32 @calls(
; CHECK: alloca [32 x i8]
; CHECK-NOT: call ptr @make()
; CHECK: ret i32
define i32 @calls() "target-cpu"="x86-64" "target-features"="+sse4.2" {
  %p = call ptr @make()
  store i32 1, ptr %p
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; CHECK-LABEL: define i32 @own_malloc(
; CHECK: call ptr @malloc(i64 32)
; CHECK: call void @free(
define i32 @own_malloc() {
  %p = call ptr @malloc(i64 32) nobuiltin
  store i32 1, ptr %p
  %x = load i32, ptr %p
  call void @free(ptr %p) nobuiltin
  ret i32 %x
}
