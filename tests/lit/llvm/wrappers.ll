; Objects that small functions make or free are local to their callers when these bodies stand there.
; RUN: %vmemopt opt %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
; RUN: %vmemopt analyze %s --json | %validate | FileCheck %s --check-prefix=JSON
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @puts(ptr)
declare void @exit(i32) noreturn

; JSON: "name": "xmalloc"
; JSON: "verdict":"inline","refusal":null,"refused_by":null,"slot_bytes":0,"callers":2,"local_callers":1
define internal ptr @xmalloc(i64 %n) {
  %p = call ptr @malloc(i64 %n)
  %none = icmp eq ptr %p, null
  br i1 %none, label %fail, label %good
good:
  ret ptr %p
fail:
  call void @exit(i32 1)
  unreachable
}

define internal void @destroy(ptr %p) {
  %none = icmp eq ptr %p, null
  br i1 %none, label %done, label %some
some:
  call void @free(ptr %p)
  br label %done
done:
  ret void
}

; TEXT: ; 2 calls inlined
; CHECK-LABEL: define i32 @local(
; CHECK: alloca [32 x i8], align 16
; CHECK-NOT: call ptr @malloc
; CHECK-NOT: @xmalloc
; CHECK-NOT: @destroy
; CHECK: ret i32
define i32 @local() {
  %p = call ptr @xmalloc(i64 32)
  store i32 3, ptr %p
  %x = load i32, ptr %p
  call void @destroy(ptr %p)
  ret i32 %x
}

; CHECK-LABEL: define ptr @kept(
; CHECK: call ptr @xmalloc(i64 32)
define ptr @kept() {
  %p = call ptr @xmalloc(i64 32)
  ret ptr %p
}
