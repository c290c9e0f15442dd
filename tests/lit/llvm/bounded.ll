; What is not known before the program runs is asked when it runs: whether the size fits, whether the slot is free.
; RUN: %vmemopt opt %s -o %t.ll && FileCheck %s < %t.ll
; RUN: %vmemopt opt %s --max-stack=64 -o - | FileCheck %s --check-prefix=SMALL
; RUN: %vmemopt analyze %s | FileCheck %s --check-prefix=TEXT
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare void @free(ptr)
declare ptr @memset(ptr, i32, i64)
declare ptr @strdup(ptr)
declare ptr @aligned_alloc(i64, i64)

; TEXT: malloc, size argument 1: to the stack, where it fits 1024 bytes
; CHECK-LABEL: define i8 @size(
; SMALL-LABEL: define i8 @size(
; CHECK: %[[SLOT:.*]] = alloca [1024 x i8], align 16
; SMALL: alloca [64 x i8], align 16
; CHECK: %[[FITS:.*]] = icmp ule i64 %n, 1024
; SMALL: icmp ule i64 %n, 64
; CHECK: br i1 %[[FITS]]
; CHECK: call ptr @malloc(i64 %n)
; CHECK: phi ptr [ %[[SLOT]],
; CHECK: %[[OURS:.*]] = icmp eq ptr %[[P:.*]], %[[SLOT]]
; CHECK: select i1 %[[OURS]], ptr null, ptr %[[P]]
; CHECK: call void @free(
define i8 @size(i64 %n) {
  %p = call ptr @malloc(i64 %n)
  %q = call ptr @memset(ptr %p, i32 1, i64 %n)
  %x = load i8, ptr %p
  call void @free(ptr %p)
  ret i8 %x
}

; Both factors are compared before their product, which then cannot wrap; the zeroes are as many as were asked for.
; CHECK-LABEL: define i64 @product(
; CHECK-DAG: icmp ule i64 %n, 1024
; CHECK-DAG: icmp ule i64 %m, 1024
; CHECK: %[[ALL:.*]] = mul i64 %n, %m
; CHECK: icmp ule i64 %[[ALL]], 1024
; CHECK: call void @llvm.memset.p0.i64(ptr align 16 %{{.*}}, i8 0, i64 %[[ALL]], i1 false)
; CHECK: call ptr @calloc(i64 %n, i64 %m)
define i64 @product(i64 %n, i64 %m) {
  %p = call ptr @calloc(i64 %n, i64 %m)
  %x = load i64, ptr %p
  call void @free(ptr %p)
  ret i64 %x
}

; In a loop that has two objects at once, a flag says that the slot is taken.
; TEXT: malloc, 24 bytes, in a loop: to the stack, where it fits 32 bytes and the one before is free
; CHECK-LABEL: define void @loop(
; CHECK: %[[SLOT:.*]] = alloca [32 x i8], align 16
; CHECK: %[[TAKEN:.*]] = alloca i1
; CHECK: store i1 false, ptr %[[TAKEN]]
; CHECK: br label %again
; CHECK: load i1, ptr %[[TAKEN]]
; CHECK: store i1 true, ptr %[[TAKEN]]
; CHECK: call ptr @malloc(i64 24)
; CHECK: icmp eq ptr %{{.*}}, %[[SLOT]]
; CHECK: load i1, ptr %[[TAKEN]]
; CHECK: store i1 %{{.*}}, ptr %[[TAKEN]]
define void @loop(i32 %n) {
entry:
  br label %again
again:
  %i = phi i32 [ 0, %entry ], [ %next, %again ]
  %last = phi ptr [ null, %entry ], [ %p, %again ]
  %p = call ptr @malloc(i64 24)
  store i32 %i, ptr %p
  call void @free(ptr %last)
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, %n
  br i1 %more, label %again, label %done
done:
  call void @free(ptr %p)
  ret void
}

; A copy of a text: its length is asked for first.
; CHECK-LABEL: define i8 @copied(
; CHECK: %[[LENGTH:.*]] = call i64 @strlen(ptr %text)
; CHECK: %[[ALL:.*]] = add i64 %[[LENGTH]], 1
; CHECK: icmp ule i64 %[[ALL]], 1024
; CHECK: call void @llvm.memcpy.p0.p0.i64(ptr align 16 %{{.*}}, ptr align 1 %text, i64 %[[ALL]], i1 false)
; CHECK: call ptr @strdup(ptr %text)
define i8 @copied(ptr %text) {
  %p = call ptr @strdup(ptr %text)
  store i8 65, ptr %p
  %x = load i8, ptr %p
  call void @free(ptr %p)
  ret i8 %x
}

; CHECK-LABEL: define i8 @aligned(
; CHECK: alloca [1024 x i8], align 64
define i8 @aligned(i64 %n) {
  %p = call ptr @aligned_alloc(i64 64, i64 %n)
  store i8 65, ptr %p
  %x = load i8, ptr %p
  call void @free(ptr %p)
  ret i8 %x
}
