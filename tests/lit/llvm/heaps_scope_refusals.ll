; Heaps that no function drops, and why.
; RUN: %vmemopt opt --heaps --whole-program %s -o %t.ll --json=%t.json --text | FileCheck %s
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s --check-prefix=IR --implicit-check-not=vmr_heap_destroy --implicit-check-not=vmr_bump_release < %t.ll
; IR: define i32 @main(
target triple = "x86_64-pc-linux-gnu"

; CHECK: objects of 16 bytes
; CHECK: not dropped: no function encloses the lives of its objects
; CHECK: objects of 24 bytes
; CHECK: not dropped: by partly: some objects that are made meanwhile outlive it
; CHECK: objects of 32 bytes
; CHECK: not dropped: by once: it runs once
; CHECK: objects of 40 bytes
; CHECK: not dropped: by sets: it calls setjmp, handles exceptions, is sanitized or makes calls that must be tail calls
; CHECK: objects of 48 bytes
; CHECK: not dropped: by leaps: a longjmp or an exception may leave it
; CHECK: objects of 56 bytes
; CHECK: not dropped: by again: it may be active many times, with a heap each
; CHECK: objects of 64 bytes
; CHECK: not dropped: by single: it makes few objects: to free each costs less than a heap
; JSON: "scope":null,"scope_refusal":"outlives","scope_refused":null
; JSON: "scope":null,"scope_refusal":"partly","scope_refused":"partly"
; JSON: "scope":null,"scope_refusal":"once","scope_refused":"once"
; JSON: "scope":null,"scope_refusal":"form","scope_refused":"sets"
; JSON: "scope":null,"scope_refusal":"jumps","scope_refused":"leaps"
; JSON: "scope":null,"scope_refusal":"recursive","scope_refused":"again"
; JSON: "scope":null,"scope_refusal":"single","scope_refused":"single"

declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @setjmp(ptr) returns_twice
declare void @longjmp(ptr, i32) noreturn
@kept = internal global ptr null
@buffer = internal global [200 x i8] zeroinitializer, align 16

define internal void @outlives() noinline {
  %p = call ptr @malloc(i64 16)
  store ptr null, ptr %p
  %old = load ptr, ptr @kept
  call void @free(ptr %old)
  store ptr %p, ptr @kept
  ret void
}

define internal ptr @wrapper(...) noinline {
  %p = call ptr @malloc(i64 24)
  store ptr null, ptr %p
  ret ptr %p
}
@stored = internal global ptr null
define internal void @partly() noinline {
  %mine = call ptr (...) @wrapper()
  call void @free(ptr %mine)
  %yours = call ptr (...) @wrapper()
  %old = load ptr, ptr @stored
  call void @free(ptr %old)
  store ptr %yours, ptr @stored
  ret void
}

define internal void @once(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %list = phi ptr [ null, %entry ], [ %e, %loop ]
  %e = call ptr @malloc(i64 32)
  store ptr %list, ptr %e
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %end
end:
  call void @free(ptr %e)
  ret void
}

define internal void @sets(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %list = phi ptr [ null, %entry ], [ %e, %loop ]
  %e = call ptr @malloc(i64 40)
  store ptr %list, ptr %e
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %end
end:
  %r = call i32 @setjmp(ptr @buffer) returns_twice
  call void @free(ptr %e)
  ret void
}

define internal void @jump(i64 %n) noinline {
  %leave = icmp eq i64 %n, 7
  br i1 %leave, label %yes, label %no
yes:
  call void @longjmp(ptr @buffer, i32 1)
  unreachable
no:
  ret void
}
define internal void @leaps(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %list = phi ptr [ null, %entry ], [ %e, %loop ]
  %e = call ptr @malloc(i64 48)
  store ptr %list, ptr %e
  call void @jump(i64 %n)
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %end
end:
  call void @free(ptr %e)
  ret void
}

define internal void @again(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %list = phi ptr [ null, %entry ], [ %e, %loop ]
  %e = call ptr @malloc(i64 56)
  store ptr %list, ptr %e
  %less = sub i64 %i, 1
  %more = icmp ugt i64 %less, 0
  br i1 %more, label %loop, label %end
end:
  %stop = icmp ult i64 %n, 3
  br i1 %stop, label %out, label %deeper
deeper:
  %half = lshr i64 %n, 1
  call void @again(i64 %half)
  call void @again(i64 %half)
  br label %out
out:
  call void @free(ptr %e)
  ret void
}

define internal ptr @make_one() noinline {
  %p = call ptr @malloc(i64 64)
  store ptr null, ptr %p
  ret ptr %p
}
define internal void @single(ptr %out) noinline {
  %a = call ptr @make_one()
  call void @free(ptr %a)
  ret void
}

define i32 @main() {
entry:
  call void @once(i64 9)
  br label %loop
loop:
  %i = phi i64 [ 1, %entry ], [ %next, %loop ]
  call void @outlives()
  call void @partly()
  call void @sets(i64 %i)
  call void @leaps(i64 %i)
  call void @again(i64 %i)
  call void @single(ptr null)
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, 9
  br i1 %more, label %loop, label %end
end:
  ret i32 0
}
