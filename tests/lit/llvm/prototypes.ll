; Functions of libc that are declared in odd ways: a size of 32 bits is widened; what returns no pointer is not that function.
; RUN: %vmemopt opt %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i32)
declare i32 @calloc(i32, i32)
declare void @free(ptr)

; TEXT: 1 allocation site: 0 to the stack, 1 to the stack where they fit, 0 kept
; CHECK-LABEL: define i8 @narrow(
; CHECK: %[[BYTES:.*]] = zext i32 %n to i64
; CHECK: icmp ule i64 %[[BYTES]], 1024
; CHECK: call ptr @malloc(i32 %n)
define i8 @narrow(i32 %n) {
  %p = call ptr @malloc(i32 %n)
  store i8 1, ptr %p
  %x = load i8, ptr %p
  call void @free(ptr %p)
  ret i8 %x
}

; CHECK-LABEL: define void @number(
; CHECK: call i32 @calloc(i32 1, i32 8)
; CHECK: call void @free(
define void @number() {
  %n = call i32 @calloc(i32 1, i32 8)
  %wide = sext i32 %n to i64
  %p = inttoptr i64 %wide to ptr
  call void @free(ptr %p)
  ret void
}
