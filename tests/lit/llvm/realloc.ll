; realloc of an object in the frame: the slot while it fits, else the heap; and the first realloc, of no object, may take a
; slot of its own.
; RUN: %vmemopt opt %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
; RUN: %vmemopt opt %s --max-frame=16 -o - | FileCheck %s --check-prefix=FULL
target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i64)
declare ptr @realloc(ptr, i64)
declare void @free(ptr)

; TEXT: grown, frame +{{[0-9]+}} bytes
; TEXT-NEXT: malloc, 16 bytes: to the stack
; TEXT-NEXT: realloc, size argument 1: to the stack, where it fits 1024 bytes
; CHECK-LABEL: define i8 @grown(
; CHECK: %[[SLOT:.*]] = alloca [16 x i8], align 16
; CHECK: %[[OWN:.*]] = alloca [1024 x i8], align 16
; CHECK: %[[TAKEN:.*]] = alloca i1
; CHECK: %[[OURS:.*]] = icmp eq ptr %p, %[[SLOT]]
; CHECK: select i1 %[[OURS]], ptr %[[SLOT]], ptr null
; CHECK: select i1 %[[OURS]], i64 16, i64 0
; CHECK: inside.i:
; CHECK: leave.i:
; CHECK: call ptr @realloc(ptr null, i64 %n)
; CHECK: call void @llvm.memcpy
; CHECK: take.i:
; CHECK: store i1 true, ptr %[[TAKEN]]
; CHECK: heap.i:
; CHECK: call ptr @realloc(ptr %{{.*}}, i64 %n)
; CHECK-DAG: icmp eq ptr %{{.*}}, %[[SLOT]]{{$}}
; CHECK-DAG: icmp eq ptr %{{.*}}, %[[OWN]]{{$}}
; CHECK: call void @free(
define i8 @grown(i64 %n, i1 %c) {
entry:
  br i1 %c, label %some, label %join
some:
  %m = call ptr @malloc(i64 16)
  br label %join
join:
  %p = phi ptr [ null, %entry ], [ %m, %some ]
  %q = call ptr @realloc(ptr %p, i64 %n)
  %x = load i8, ptr %q
  call void @free(ptr %q)
  ret i8 %x
}

; No room for a slot of its own: nothing fits it.
; FULL-LABEL: define i8 @grown(
; FULL: %[[SLOT:.*]] = alloca [16 x i8], align 16
; FULL-NOT: alloca [
; FULL: call ptr @realloc(
; FULL: ret i8

; What realloc gives back escapes: so does the object.
; TEXT: kept: it is returned
; TEXT: kept: it is returned
; CHECK-LABEL: define ptr @handed_out(
; CHECK-NOT: alloca
; CHECK: ret ptr
define ptr @handed_out(i64 %n) {
  %p = call ptr @malloc(i64 16)
  %q = call ptr @realloc(ptr %p, i64 %n)
  ret ptr %q
}
