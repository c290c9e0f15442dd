; Functions and calls of kinds that are not edited, and frames that are full.
; RUN: %vmemopt opt %s --max-frame=64 -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s < %t.ll
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare void @free(ptr)
declare ptr @_Znwm(i64)
declare void @_ZdlPv(ptr)
declare i32 @__gxx_personality_v0(...)
declare void @other(i64)
@kept = global ptr null

; TEXT: tail, recursive{{$}}
; TEXT: malloc, 24 bytes: kept: a call must replace the function's frame (musttail)
; JSON: "refusal":"musttail"
; CHECK-LABEL: define void @tail(
; CHECK: call ptr @malloc(i64 24)
; CHECK: musttail call void @other(
define void @tail(i64 %n) {
  %p = call ptr @malloc(i64 24)
  store i64 %n, ptr %p
  call void @free(ptr %p)
  musttail call void @other(i64 %n)
  ret void
}

; TEXT: naked{{$}}
; TEXT: malloc, 32 bytes: kept: the function is naked or a coroutine
; JSON: "refusal":"special-frame"
; CHECK-LABEL: define void @naked(
; CHECK: call ptr @malloc(i64 32)
define void @naked() naked {
  %p = call ptr @malloc(i64 32)
  call void @free(ptr %p)
  ret void
}

; TEXT: thrown{{$}}
; TEXT: _Znwm, 40 bytes: kept: an exception of the allocation is caught here
; JSON: "refusal":"exception"
; CHECK-LABEL: define void @thrown(
; CHECK: invoke ptr @_Znwm(i64 40)
define void @thrown() personality ptr @__gxx_personality_v0 {
  %p = invoke ptr @_Znwm(i64 40) to label %fine unwind label %bad
fine:
  call void @_ZdlPv(ptr %p)
  ret void
bad:
  %l = landingpad { ptr, i32 } catch ptr null
  ret void
}

; Of two that live at the same time one has room.
; TEXT: full,
; TEXT: malloc, 48 bytes: to the stack
; TEXT: malloc, 50 bytes: kept: the function's frame is full
; JSON: "bytes":48,{{.*}}"verdict":"stack"
; JSON: "bytes":50,{{.*}}"refusal":"frame-full"
; CHECK-LABEL: define i64 @full(
; CHECK: alloca [48 x i8]
; CHECK: call ptr @malloc(i64 50)
; CHECK: call void @free(
define i64 @full() {
  %p = call ptr @malloc(i64 48)
  %q = call ptr @malloc(i64 50)
  store volatile i64 1, ptr %p
  store volatile i64 2, ptr %q
  %a = load volatile i64, ptr %p
  %b = load volatile i64, ptr %q
  call void @free(ptr %p)
  call void @free(ptr %q)
  %s = add i64 %a, %b
  ret i64 %s
}

; What nobody frees here has no free that could move.
; JSON: "bytes":56,{{.*}}"early_free":"no-free"
define void @never() {
  %p = call ptr @malloc(i64 56)
  store ptr %p, ptr @kept
  ret void
}
