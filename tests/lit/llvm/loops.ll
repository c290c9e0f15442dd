; A loop that has lost its last object when it makes the next has one slot for all of them, and no flag.
; RUN: %vmemopt opt %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare void @free(ptr)
declare i64 @strlen(ptr)
declare void @note(i64)

; The flag would be seen by nobody; a comparison with null has one answer.
; TEXT: each
; TEXT: malloc, 24 bytes, in a loop: to the stack; 1 comparison with NULL decided: it cannot fail
; CHECK-LABEL: define void @each(
; CHECK: %[[SLOT:.*]] = alloca [32 x i8], align 16
; CHECK-NOT: alloca i1
; CHECK: call void @llvm.lifetime.start.p0({{(i64 32, )?}}ptr %[[SLOT]])
; CHECK: icmp eq ptr %[[SLOT]], null
; CHECK: store i64 %i, ptr %[[SLOT]], align 4{{$}}
; CHECK: call i64 @strlen(ptr %[[SLOT]])
; CHECK: call void @llvm.lifetime.end.p0({{(i64 32, )?}}ptr %[[SLOT]])
; CHECK-NOT: @free
; CHECK: ret void
define void @each(i64 %n) {
entry:
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %next, %rest ]
  %p = call ptr @malloc(i64 24)
  %failed = icmp eq ptr %p, null
  br i1 %failed, label %done, label %rest
rest:
  store i64 %i, ptr %p, !tbaa !0
  %x = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %again, label %done
done:
  ret void
}

; One that is not freed in the loop is gone, too, but for the last.
; TEXT: lost
; TEXT: malloc, 24 bytes, in a loop: to the stack{{$}}
; CHECK-LABEL: define void @lost(
; CHECK: alloca [32 x i8], align 16
; CHECK-NOT: call ptr @malloc
; CHECK: ret void
define void @lost(i64 %n) {
entry:
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %p = call ptr @malloc(i64 24)
  store i64 %i, ptr %p
  %next = call i64 @strlen(ptr %p)
  %more = icmp slt i64 %next, %n
  br i1 %more, label %again, label %done
done:
  call void @free(ptr %p)
  ret void
}

; A phi before the making holds the last one.
; TEXT: chain
; TEXT: malloc, 24 bytes, in a loop: to the stack, where it fits 32 bytes and the one before is free
; CHECK-LABEL: define i64 @chain(
; CHECK: alloca i1
; CHECK: call ptr @malloc
define i64 @chain(i64 %n) {
entry:
  %first = call ptr @malloc(i64 40)
  store i64 1, ptr %first
  br label %again
again:
  %last = phi ptr [ %first, %entry ], [ %p, %again ]
  %p = call ptr @malloc(i64 24)
  %x = load i64, ptr %last
  store i64 %x, ptr %p
  call void @free(ptr %last)
  %next = call i64 @strlen(ptr %p)
  %more = icmp slt i64 %next, %n
  br i1 %more, label %again, label %done
done:
  %y = load i64, ptr %p
  call void @free(ptr %p)
  ret i64 %y
}

; So does memory, and so does what is chosen before the making.
; TEXT: kept_in_memory
; TEXT: malloc, 24 bytes, in a loop: to the stack, where it fits 32 bytes and the one before is free
; CHECK-LABEL: define void @kept_in_memory(
; CHECK: alloca i1
; CHECK: call ptr @malloc
define void @kept_in_memory(i64 %n) {
entry:
  %cell = alloca ptr
  store ptr null, ptr %cell
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %p = call ptr @malloc(i64 24)
  store i64 %i, ptr %p
  %last = load ptr, ptr %cell
  call void @free(ptr %last)
  store ptr %p, ptr %cell
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %again, label %done
done:
  %rest = load ptr, ptr %cell
  call void @free(ptr %rest)
  ret void
}

; TEXT: piled_up
; TEXT: malloc, 24 bytes, in a loop: kept: a loop makes many and frees them later
; CHECK-LABEL: define i1 @piled_up(
; CHECK: call ptr @malloc
define i1 @piled_up(i64 %n) {
entry:
  br label %again
again:
  %last = phi ptr [ null, %entry ], [ %p, %again ]
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %p = call ptr @malloc(i64 24)
  store ptr %last, ptr %p
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %again, label %done
done:
  %before = load ptr, ptr %p
  %x = icmp eq ptr %before, null
  ret i1 %x
}

!0 = !{!1, !1, i64 0}
!1 = !{!"long", !2}
!2 = !{!"omnipotent char"}
