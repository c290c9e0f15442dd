; A callee that cannot stand in place of its call, nor be copied so that it spares slots, frees the object: it stays on the
; heap.
; RUN: %vmemopt analyze %s | FileCheck %s
; RUN: %vmemopt opt %s -o %t.ll --text | FileCheck %s
; RUN: FileCheck %s --check-prefix=IR < %t.ll
target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i64)
declare ptr @realloc(ptr, i64)
declare void @free(ptr)

define internal void @release(ptr %p, ...) noinline {
  call void @free(ptr %p)
  ret void
}
define internal ptr @enlarge(ptr %p) noinline {
  %q = call ptr @realloc(ptr %p, i64 100)
  ret ptr %q
}

; CHECK: given_away
; CHECK-NEXT: malloc, 8 bytes: kept: a called function frees or moves it (release)
; IR-LABEL: define void @given_away(
; IR: call ptr @malloc(i64 8)
define void @given_away() {
  %p = call ptr @malloc(i64 8)
  call void (ptr, ...) @release(ptr %p)
  ret void
}

; CHECK: grown_there
; CHECK-NEXT: malloc, 8 bytes: kept: a called function frees or moves it (enlarge)
; IR-LABEL: define void @grown_there(
; IR: call ptr @malloc(i64 8)
define void @grown_there() {
  %p = call ptr @malloc(i64 8)
  %q = call ptr @enlarge(ptr %p)
  call void @free(ptr %q)
  ret void
}
