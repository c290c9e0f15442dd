; A function that is given what it calls keeps nothing where that keeps nothing, and all where that is not known.
; RUN: %vmemopt opt --whole-program %s -o %t.ll --text | FileCheck %s
; RUN: FileCheck %s --check-prefix=IR < %t.ll
target triple = "x86_64-pc-linux-gnu"

@global = global ptr null
@hook = global ptr null
declare ptr @malloc(i64)
declare ptr @strdup(ptr)
declare i64 @strlen(ptr)
declare void @free(ptr)
declare void @unseen(ptr)

; ---- what is called ----

define i32 @read(ptr %p) {
  %n = load i32, ptr %p, !tbaa !0
  ret i32 %n
}

define i32 @keep(ptr %p) {
  store ptr %p, ptr @global
  ret i32 0
}

define i32 @drop(ptr %p) {
  call void @free(ptr %p)
  ret i32 0
}

define i32 @read_one_keep_other(ptr %p, ptr %q) {
  store ptr %q, ptr @global
  ret i32 0
}

define ptr @same(ptr %p) {
  ret ptr %p
}

define ptr @first_field(ptr %p) {
  %field = load ptr, ptr %p
  ret ptr %field
}

define i32 @scribble(ptr %p) {
  store i8 65, ptr %p
  ret i32 0
}

define i32 @keep_number(i64 %n) {
  %p = inttoptr i64 %n to ptr
  store ptr %p, ptr @global
  ret i32 0
}

define i32 @call_again(ptr %p, ptr %visit) {
  %r = call i32 %visit(ptr %p)
  ret i32 %r
}

; ---- what calls it ----

define void @visit(ptr %p, ptr %visit) noinline {
  %r = call i32 %visit(ptr %p)
  ret void
}

define void @visit_through(ptr %p, ptr %visit) noinline {
  call void @visit(ptr %p, ptr %visit)
  ret void
}

define void @walk(ptr %p, i32 %n, ptr %visit) noinline {
  %more = icmp ugt i32 %n, 0
  br i1 %more, label %again, label %last
again:
  %less = sub i32 %n, 1
  call void @walk(ptr %p, i32 %less, ptr %visit)
  ret void
last:
  %r = call i32 %visit(ptr %p)
  ret void
}

define void @publish_result(ptr %p, ptr %map) noinline {
  %r = call ptr %map(ptr %p)
  store ptr %r, ptr @global
  ret void
}

define ptr @content_of_result(ptr %p, ptr %map) noinline {
  %inner = alloca ptr
  %outer = alloca ptr
  store ptr %p, ptr %inner
  store ptr %inner, ptr %outer
  %r = call ptr %map(ptr %outer)
  %content = load ptr, ptr %r
  ret ptr %content
}

define void @visit_by_last(ptr %p) noinline {
  call void @visit(ptr %p, ptr @keep_as_last)
  ret void
}

define void @free_after(ptr %p, ptr %visit) noinline {
  %r = call i32 %visit(ptr %p)
  call void @free(ptr %p)
  ret void
}

define void @call_hook(ptr %p) noinline {
  %f = load ptr, ptr @hook
  %r = call i32 %f(ptr %p)
  ret void
}

define void @visit_by_hook(ptr %p, ptr %visit) noinline {
  store ptr %visit, ptr @hook
  %r = call i32 %visit(ptr %p)
  call void @call_hook(ptr %p)
  ret void
}

define void @visit_either(ptr %p, ptr %visit, i1 %which) noinline {
  %f = select i1 %which, ptr %visit, ptr @keep
  %r = call i32 %f(ptr %p)
  ret void
}

define void @visit_number(ptr %p, ptr %visit) noinline {
  %n = ptrtoint ptr %p to i64
  %r = call i32 %visit(i64 %n)
  ret void
}

define void @visit_visitor(ptr %p, ptr %caller, ptr %visit) noinline {
  %r = call i32 %caller(ptr %p, ptr %visit)
  ret void
}

; What it makes itself, callers that are not asked may see kept.
; CHECK: visit_own
; CHECK: malloc, 30 bytes: kept: it is handed to code that may keep it
define void @visit_own(ptr %visit) noinline {
  %p = call ptr @malloc(i64 30)
  %r = call i32 %visit(ptr %p)
  call void @free(ptr %p)
  ret void
}

; CHECK-LABEL: harmless
; CHECK: malloc, 31 bytes: to the stack
; CHECK: malloc, 32 bytes: to the stack
; CHECK: malloc, 33 bytes: to the stack
; IR-LABEL: define void @harmless(
; IR-NOT: call ptr @malloc
; IR: ret void
define void @harmless(i32 %n) {
  %p = call ptr @malloc(i64 31)
  call void @visit(ptr %p, ptr @read)
  call void @free(ptr %p)
  %q = call ptr @malloc(i64 32)
  call void @visit_through(ptr %q, ptr @read)
  call void @free(ptr %q)
  %r = call ptr @malloc(i64 33)
  call void @walk(ptr %r, i32 %n, ptr @read)
  call void @free(ptr %r)
  ret void
}

; CHECK-LABEL: harmful
; CHECK: malloc, 34 bytes: kept: it is handed to code that may keep it
; CHECK: malloc, 35 bytes: kept: it is handed to code that may keep it
; CHECK: malloc, 36 bytes: kept: it is handed to code that may keep it
; CHECK: malloc, 37 bytes: kept: it is handed to code that may keep it
; CHECK: malloc, 38 bytes: kept: it is handed to code that may keep it
; CHECK: malloc, 39 bytes: kept: it is handed to code that may keep it
; CHECK: malloc, 49 bytes: kept: it is handed to code that may keep it
define void @harmful(i32 %n, ptr %anything) {
  %a = call ptr @malloc(i64 34)
  call void @visit(ptr %a, ptr @keep)
  %b = call ptr @malloc(i64 35)
  call void @visit_through(ptr %b, ptr @keep)
  %c = call ptr @malloc(i64 36)
  call void @walk(ptr %c, i32 %n, ptr @keep)
  %d = call ptr @malloc(i64 37)
  call void @visit(ptr %d, ptr @unseen)
  %e = call ptr @malloc(i64 38)
  call void @visit(ptr %e, ptr @drop)
  %f = call ptr @malloc(i64 39)
  call void @visit(ptr %f, ptr %anything)
  %g = call ptr @malloc(i64 49)
  call void @visit_by_last(ptr %g)
  ret void
}

; What it gives back may be what it got, or what stands there.
; CHECK-LABEL: given_back
; CHECK: malloc, 40 bytes: kept
; CHECK: malloc, 41 bytes: kept
; CHECK: malloc, 48 bytes: kept
define void @given_back() {
  %p = call ptr @malloc(i64 40)
  call void @publish_result(ptr %p, ptr @same)
  %q = call ptr @malloc(i64 41)
  %box = alloca ptr
  store ptr %q, ptr %box
  call void @publish_result(ptr %box, ptr @first_field)
  %r = call ptr @malloc(i64 48)
  %content = call ptr @content_of_result(ptr %r, ptr @first_field)
  store ptr %content, ptr @global
  ret void
}

; CHECK-LABEL: other_ways
; CHECK: malloc, 42 bytes: kept
; CHECK: malloc, 43 bytes: kept
; CHECK: malloc, 44 bytes: kept
; CHECK: malloc, 45 bytes: kept
; CHECK: malloc, 46 bytes: kept
; CHECK: malloc, 47 bytes: kept
define void @other_ways(i1 %which) {
  %a = call ptr @malloc(i64 42)
  call void @visit_by_hook(ptr %a, ptr @read)
  %b = call ptr @malloc(i64 43)
  call void @visit_either(ptr %b, ptr @read, i1 %which)
  %c = call ptr @malloc(i64 44)
  call void @visit_number(ptr %c, ptr @keep_number)
  %d = call ptr @malloc(i64 45)
  call void @visit(ptr %d, ptr @read_one_keep_other)
  %e = call ptr @malloc(i64 46)
  call void @free_after(ptr %e, ptr @read)
  %f = call ptr @malloc(i64 47)
  call void @visit_visitor(ptr %f, ptr @call_again, ptr @keep)
  ret void
}

; It may write what it is given: a copy that is read after that is made. Of what is only read before, none is.
; CHECK-LABEL: copied
; CHECK: strdup, size not known: to the stack
define i64 @copied(ptr %text) {
  %copy = call ptr @strdup(ptr %text)
  call void @visit(ptr %text, ptr @scribble)
  %length = call i64 @strlen(ptr %copy)
  call void @free(ptr %copy)
  ret i64 %length
}

define i32 @main() {
  call void @harmless(i32 2)
  call void @harmful(i32 2, ptr @keep)
  call void @given_back()
  call void @other_ways(i1 true)
  call void @visit_own(ptr @read)
  ret i32 0
}

; Nobody calls it by its name.
define i32 @keep_as_last(ptr %p) {
  store ptr %p, ptr @global
  ret i32 0
}

!0 = !{!1, !1, i64 0}
!1 = !{!"int", !2}
!2 = !{!"char", !3}
!3 = !{!"C"}
