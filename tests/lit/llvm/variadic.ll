; Where an address comes from is not always seen: what is stored there escapes.
; RUN: %vmemopt analyze %s --whole-program | FileCheck %s
target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i64)
declare void @free(ptr)
declare void @llvm.va_start.p0(ptr)
declare ptr @getcwd(ptr, i64)

; An out parameter behind `...`.
; CHECK: out_parameter
; CHECK-NEXT: malloc, 8 bytes: kept
define void @out_parameter(i32 %n, ...) {
  %list = alloca [24 x i8]
  call void @llvm.va_start.p0(ptr %list)
  %field = getelementptr i8, ptr %list, i64 16
  %area = load ptr, ptr %field
  %slot = getelementptr i8, ptr %area, i64 8
  %out = load ptr, ptr %slot
  %p = call ptr @malloc(i64 8)
  store ptr %p, ptr %out
  ret void
}

; A pointer that the function never wrote, in its own memory.
; CHECK: unwritten
; CHECK-NEXT: malloc, 8 bytes: kept
define void @unwritten(i1 %c) {
  %cell = alloca ptr
  %mine = alloca ptr
  %hidden = load ptr, ptr %cell
  %to = select i1 %c, ptr %hidden, ptr %mine
  %p = call ptr @malloc(i64 8)
  store ptr %p, ptr %to
  ret void
}

; CHECK: fresh_elsewhere
; CHECK-NEXT: malloc, 8 bytes: kept
define ptr @fresh_elsewhere() {
  %there = call ptr @getcwd(ptr null, i64 0)
  %p = call ptr @malloc(i64 8)
  store ptr %p, ptr %there
  ret ptr %there
}

; An address that is counted from null.
; CHECK: from_null
; CHECK-NEXT: malloc, 16 bytes: kept: it is returned
define ptr @from_null() {
  %p = call ptr @malloc(i64 16)
  %n = ptrtoint ptr %p to i64
  %q = getelementptr i8, ptr null, i64 %n
  ret ptr %q
}
