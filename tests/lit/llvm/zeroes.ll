; malloc and memset to zero is calloc; calloc and a write of all bytes is malloc; where anything comes in between, neither.
; RUN: %vmemopt opt %s -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s < %t.ll
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

; TEXT: malloc, size argument 1: kept: it is returned; calloc takes its place
; JSON: "becomes":"calloc"
; CHECK-LABEL: define ptr @cleared(
; CHECK: %[[P:.*]] = call ptr @calloc(i64 1, i64 %n)
; CHECK-NOT: memset
; CHECK: ret ptr %[[P]]
define ptr @cleared(i64 %n) {
  %p = call ptr @malloc(i64 %n)
  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 %n, i1 false)
  ret ptr %p
}

; After a comparison with null.
; CHECK-LABEL: define ptr @checked(
; CHECK: %[[P:.*]] = call ptr @calloc(i64 1, i64 100)
; CHECK-NEXT: icmp eq ptr %[[P]], null
; CHECK-NOT: memset
; CHECK: ret ptr
define ptr @checked() {
  %p = call ptr @malloc(i64 100)
  %none = icmp eq ptr %p, null
  br i1 %none, label %end, label %good
good:
  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 100, i1 false)
  br label %end
end:
  ret ptr %p
}

; JSON: "becomes":"malloc"
; CHECK-LABEL: define ptr @copied(
; CHECK: %[[P:.*]] = call ptr @malloc(i64 %n)
; CHECK-NEXT: call void @llvm.memcpy.p0.p0.i64(ptr %[[P]], ptr %from, i64 %n, i1 false)
define ptr @copied(ptr %from, i64 %n) {
  %p = call ptr @calloc(i64 %n, i64 1)
  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %from, i64 %n, i1 false)
  ret ptr %p
}

; Other bytes, not all bytes, a use before, a product that may overflow.
; CHECK-LABEL: define ptr @ones(
; CHECK: call ptr @malloc(i64 %n)
; CHECK-NEXT: call void @llvm.memset
define ptr @ones(i64 %n) {
  %p = call ptr @malloc(i64 %n)
  call void @llvm.memset.p0.i64(ptr %p, i8 1, i64 %n, i1 false)
  ret ptr %p
}

; CHECK-LABEL: define ptr @part(
; CHECK: call ptr @malloc(i64 %n)
; CHECK-NEXT: call void @llvm.memset
define ptr @part(i64 %n, i64 %m) {
  %p = call ptr @malloc(i64 %n)
  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 %m, i1 false)
  ret ptr %p
}

; CHECK-LABEL: define ptr @used_before(
; CHECK: call ptr @calloc(i64 1, i64 %n)
; CHECK-NEXT: load
define ptr @used_before(ptr %from, i64 %n, ptr %out) {
  %p = call ptr @calloc(i64 1, i64 %n)
  %x = load i8, ptr %p
  store i8 %x, ptr %out
  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %from, i64 %n, i1 false)
  ret ptr %p
}

; CHECK-LABEL: define ptr @on_one_path(
; CHECK: call ptr @calloc(i64 1, i64 %n)
define ptr @on_one_path(ptr %from, i64 %n, i1 %c) {
  %p = call ptr @calloc(i64 1, i64 %n)
  br i1 %c, label %copy, label %end
copy:
  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %from, i64 %n, i1 false)
  br label %end
end:
  ret ptr %p
}

; CHECK-LABEL: define ptr @product(
; CHECK: call ptr @calloc(i64 %n, i64 8)
define ptr @product(ptr %from, i64 %n) {
  %p = call ptr @calloc(i64 %n, i64 8)
  %bytes = mul i64 %n, 8
  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %from, i64 %bytes, i1 false)
  ret ptr %p
}
