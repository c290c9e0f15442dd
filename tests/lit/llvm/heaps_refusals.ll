; What stays with malloc, and why.
; RUN: %vmemopt opt --heaps --whole-program %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
; RUN: %vmemopt analyze --heaps %s | FileCheck %s --check-prefix=PART
; RUN: %vmemopt analyze --heaps --whole-program %S/replaced.ll | FileCheck %s --check-prefix=REPLACED
target triple = "x86_64-pc-linux-gnu"

; TEXT: 2 heaps for 2 of 10 sites
; TEXT: the program may have threads (keep)
; TEXT: {{^}}  with malloc
; PART: a_held, (no line)  malloc, 10 bytes: code outside of the module may use its functions
; REPLACED: 0 heaps for 0 of 1 site;
; REPLACED: the program defines malloc or free itself

@held = global ptr null
@other = global ptr null
@deleted = global ptr null
@spawned = global ptr @k_callback

declare ptr @malloc(i64)
declare void @free(ptr)
declare ptr @memalign(i64, i64)
declare i32 @posix_memalign(ptr, i64, i64)
declare ptr @_Znwm(i64)
declare void @_ZdlPv(ptr)
declare void @keep(ptr)
declare i32 @__gxx_personality_v0(...)

; Two that have heaps. As the program may have threads, each of them has a bump heap of its own.
; CHECK-DAG: @vmemopt.heap.0 = internal thread_local global { ptr, ptr, i64, ptr, i32, i32 }
; CHECK-DAG: @vmemopt.heap.1 = internal global ptr null
; CHECK-LABEL: define void @a_held(
; CHECK: load ptr, ptr @vmemopt.heap.0
define void @a_held() {
  %p = call ptr @malloc(i64 10)
  store ptr %p, ptr @held
  ret void
}

; CHECK-LABEL: define void @b_freed(
; CHECK: call ptr @vmr_heap_alloc(
; CHECK: call void @vmr_heap_free(
define void @b_freed(i64 %n) {
  %old = load ptr, ptr @other
  %p = call ptr @malloc(i64 %n)
  store ptr %p, ptr @other
  call void @free(ptr %old)
  ret void
}

; TEXT: c_kept, (no line)  malloc, 30 bytes: code that is not seen may free or keep it: it is handed to code that may keep it (keep)
; CHECK-LABEL: define void @c_kept(
; CHECK: call ptr @malloc(i64 30)
define void @c_kept() {
  %p = call ptr @malloc(i64 30)
  call void @keep(ptr %p)
  ret void
}

; TEXT: d_new, (no line)  _Znwm, 40 bytes: objects of this function stay with malloc
; CHECK-LABEL: define ptr @d_new(
; CHECK: call ptr @_Znwm(
define ptr @d_new() {
  %p = call ptr @_Znwm(i64 40)
  ret ptr %p
}

; operator delete does not know heaps.
; TEXT: e_deleted, (no line)  malloc, 50 bytes: code that is not seen may free or keep it (_ZdlPv)
; CHECK-LABEL: define void @e_deleted(
; CHECK: call void @_ZdlPv(
; CHECK: call ptr @malloc(i64 50)
define void @e_deleted() {
  %old = load ptr, ptr @deleted
  call void @_ZdlPv(ptr %old)
  %p = call ptr @malloc(i64 50)
  store ptr %p, ptr @deleted
  ret void
}

; TEXT: f_aligned, (no line)  posix_memalign, 60 bytes: objects of this function stay with malloc
; CHECK-LABEL: define i32 @f_aligned(
; CHECK: call i32 @posix_memalign(
define i32 @f_aligned(ptr %to) {
  %r = call i32 @posix_memalign(ptr %to, i64 32, i64 60)
  ret i32 %r
}

; TEXT: g_thrown, (no line)  malloc, 70 bytes: the call may throw here, must be a tail call, or asks for an alignment that is not known or no power of two
; CHECK-LABEL: define ptr @g_thrown(
; CHECK: invoke ptr @malloc(
define ptr @g_thrown() personality ptr @__gxx_personality_v0 {
  %p = invoke ptr @malloc(i64 70) to label %fine unwind label %bad
fine:
  ret ptr %p
bad:
  %l = landingpad { ptr, i32 } cleanup
  resume { ptr, i32 } %l
}

; TEXT: h_tail, (no line)  malloc, size not known: the call may throw here, must be a tail call, or asks for an alignment that is not known or no power of two
; CHECK-LABEL: define ptr @h_tail(
; CHECK: musttail call ptr @malloc(
define ptr @h_tail(i64 %n) {
  %p = musttail call ptr @malloc(i64 %n)
  ret ptr %p
}

; TEXT: i_watched, (no line)  malloc, 90 bytes: the function is built for a sanitizer, which watches its objects
; CHECK-LABEL: define ptr @i_watched(
; CHECK: call ptr @malloc(i64 90)
define ptr @i_watched() sanitize_address {
  %p = call ptr @malloc(i64 90)
  store ptr %p, ptr @held
  ret ptr %p
}

; TEXT: j_aligned, (no line)  memalign, 48 bytes: the call may throw here, must be a tail call, or asks for an alignment that is not known or no power of two
; CHECK-LABEL: define ptr @j_aligned(
; CHECK: call ptr @memalign(i64 24, i64 48)
define ptr @j_aligned() {
  %p = call ptr @memalign(i64 24, i64 48)
  store ptr %p, ptr @held
  ret ptr %p
}

define void @k_callback() {
  call void @a_held()
  call void @b_freed(i64 9)
  ret void
}

define i32 @main() {
  call void @a_held()
  call void @b_freed(i64 8)
  call void @c_kept()
  %d = call ptr @d_new()
  call void @e_deleted()
  %f = call i32 @f_aligned(ptr @held)
  %g = call ptr @g_thrown()
  %h = call ptr @h_tail(i64 9)
  %i = call ptr @i_watched()
  %j = call ptr @j_aligned()
  ret i32 0
}
