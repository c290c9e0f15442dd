; What an instruction reads may grow after it was looked at: it is looked at again, and so is a function whose callee turns out
; to do more than was known.
; RUN: %vmemopt opt --whole-program %s -o %t.ll --text | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

@global = global ptr null
declare ptr @malloc(i64)
declare void @free(ptr)

; The slot is read before, in the order of the program, a pointer stands in it.
; CHECK: malloc, 11 bytes, in a loop: kept: it is stored where everybody may read it
define void @read_before_written(i32 %n) {
entry:
  %slot = alloca ptr
  store ptr null, ptr %slot
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %old = load ptr, ptr %slot
  store ptr %old, ptr @global
  %p = call ptr @malloc(i64 11)
  store ptr %p, ptr %slot
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}

; The same, with a number in the global.
; CHECK: malloc, 12 bytes, in a loop: to the stack
define void @only_its_content(i32 %n) {
entry:
  %slot = alloca ptr
  %first = alloca i64
  store i64 0, ptr %first
  store ptr %first, ptr %slot
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %old = load ptr, ptr %slot
  %number = load i32, ptr %old, !tbaa !0
  store i32 %number, ptr @global
  %p = call ptr @malloc(i64 12)
  store i32 %i, ptr %p
  store ptr %p, ptr %slot
  store ptr %first, ptr %slot
  call void @free(ptr %p)
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}

; A callee gives what stands in a slot; a pointer comes there after its call.
; CHECK: malloc, 13 bytes, in a loop: kept: it is stored where everybody may read it
define void @called_before_written(i32 %n) {
entry:
  %slot = alloca ptr
  %first = alloca i64
  store ptr %first, ptr %slot
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %old = call ptr @content(ptr %slot)
  store ptr %old, ptr @global
  %p = call ptr @malloc(i64 13)
  store ptr %p, ptr %slot
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}

define ptr @content(ptr %slot) noinline {
  %p = load ptr, ptr %slot
  ret ptr %p
}

; What is stored in an object that is known to all later.
; CHECK: malloc, 24 bytes: kept: it is stored where everybody may read it
; CHECK: malloc, 14 bytes: kept: it is stored where everybody may read it
define void @stored_before_known() {
  %box = call ptr @malloc(i64 24)
  %field = getelementptr i8, ptr %box, i64 8
  %p = call ptr @malloc(i64 14)
  store ptr %p, ptr %field
  store ptr %box, ptr @global
  ret void
}

; What stands where a pointer to nothing leads to: anybody may have it.
; CHECK: malloc, 15 bytes: kept: it is stored where everybody may read it
define void @stored_nowhere() null_pointer_is_valid {
  %p = call ptr @malloc(i64 15)
  store ptr %p, ptr null
  ret void
}

; Two functions that call each other; pong is looked at first, and ping keeps its argument.
; CHECK: malloc, 16 bytes: kept: it is stored where everybody may read it (ping)
; CHECK: malloc, 17 bytes: kept: it is stored where everybody may read it (pong)
; CHECK: malloc, 18 bytes: to the stack
define void @callers(i32 %n) {
  %p = call ptr @malloc(i64 16)
  call void @ping(ptr %p, i32 %n)
  %q = call ptr @malloc(i64 17)
  call void @pong(ptr %q, i32 %n)
  %r = call ptr @malloc(i64 18)
  call void @even(ptr %r, i32 %n)
  call void @free(ptr %r)
  ret void
}

define void @ping(ptr %p, i32 %n) noinline {
  store ptr %p, ptr @global
  call void @pong(ptr %p, i32 %n)
  ret void
}

define void @pong(ptr %p, i32 %n) noinline {
  %more = icmp ugt i32 %n, 0
  br i1 %more, label %again, label %last
again:
  %less = sub i32 %n, 1
  call void @ping(ptr %p, i32 %less)
  ret void
last:
  ret void
}

define void @even(ptr %p, i32 %n) noinline {
  %more = icmp ugt i32 %n, 0
  br i1 %more, label %again, label %last
again:
  %less = sub i32 %n, 1
  call void @odd(ptr %p, i32 %less)
  ret void
last:
  store i32 %n, ptr %p
  ret void
}

define void @odd(ptr %p, i32 %n) noinline {
  call void @even(ptr %p, i32 %n)
  ret void
}

define i32 @main() {
  call void @read_before_written(i32 2)
  call void @only_its_content(i32 2)
  call void @called_before_written(i32 2)
  call void @stored_before_known()
  call void @callers(i32 4)
  ret i32 0
}

!0 = !{!1, !1, i64 0}
!1 = !{!"int", !2}
!2 = !{!"char", !3}
!3 = !{!"C"}
