; An address is made a number by ptrtoaddr as by ptrtoint: what is stored keeps the object.
; REQUIRES: llvm-22
; RUN: %vmemopt opt %s -o - | FileCheck %s

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare void @free(ptr)
declare i64 @strlen(ptr)

@kept = global i64 0

; CHECK-LABEL: define i64 @compared(
; CHECK-NOT: @malloc
; CHECK: ret i64
define i64 @compared(i64 %bound) {
  %p = call ptr @malloc(i64 24)
  store i8 0, ptr %p
  %address = ptrtoaddr ptr %p to i64
  %low = and i64 %address, 7
  %odd = icmp eq i64 %low, 1
  %n = call i64 @strlen(ptr %p)
  %length = select i1 %odd, i64 0, i64 %n
  call void @free(ptr %p)
  ret i64 %length
}

; CHECK-LABEL: define void @stored(
; CHECK: call ptr @malloc
define void @stored() {
  %p = call ptr @malloc(i64 24)
  %address = ptrtoaddr ptr %p to i64
  store i64 %address, ptr @kept
  ret void
}
