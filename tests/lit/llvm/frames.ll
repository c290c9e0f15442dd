; Slots of objects that do not live at the same time share bytes; what is won goes to sizes that are not known.
; RUN: %vmemopt opt %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
; RUN: %vmemopt opt %s --max-frame=1040 -o - | FileCheck %s --check-prefix=SMALL
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare ptr @realloc(ptr, i64)
declare ptr @aligned_alloc(i64, i64)
declare void @free(ptr)
declare i64 @strlen(ptr)

; TEXT: after_each_other, frame +64 bytes
; CHECK-LABEL: define i64 @after_each_other(
; CHECK: %[[FRAME:.*]] = alloca [64 x i8], align 16
; CHECK-NEXT: %[[P:.*]] = getelementptr inbounds i8, ptr %[[FRAME]], i64 0
; CHECK-NEXT: %[[Q:.*]] = getelementptr inbounds i8, ptr %[[FRAME]], i64 0
; CHECK-NOT: alloca
; CHECK: ret i64
define i64 @after_each_other() {
  %p = call ptr @malloc(i64 64)
  %a = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  %q = call ptr @malloc(i64 40)
  %b = call i64 @strlen(ptr %q)
  call void @free(ptr %q)
  %c = add i64 %a, %b
  ret i64 %c
}

; Alive at once.
; CHECK-LABEL: define i64 @together(
; CHECK-DAG: alloca [64 x i8], align 16
; CHECK-DAG: alloca [48 x i8], align 16
; CHECK: ret i64
define i64 @together() {
  %p = call ptr @malloc(i64 64)
  %a = call i64 @strlen(ptr %p)
  %q = call ptr @malloc(i64 40)
  %b = call i64 @strlen(ptr %q)
  %c = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  call void @free(ptr %q)
  ret i64 %c
}

; Used through memory after what looks like its last use.
; CHECK-LABEL: define i64 @through_memory(
; CHECK-DAG: alloca [64 x i8], align 16
; CHECK-DAG: alloca [48 x i8], align 16
; CHECK: ret i64
define i64 @through_memory() {
  %cell = alloca ptr
  %p = call ptr @malloc(i64 64)
  store ptr %p, ptr %cell
  %q = call ptr @malloc(i64 40)
  %b = call i64 @strlen(ptr %q)
  call void @free(ptr %q)
  %again = load ptr, ptr %cell
  %c = call i64 @strlen(ptr %again)
  call void @free(ptr %again)
  ret i64 %c
}

; In a loop that frees each before the next: one place for both, each with its flag.
; CHECK-LABEL: define void @each_round(
; CHECK: alloca [1024 x i8]
; CHECK-NOT: alloca [
; CHECK: ret void
define void @each_round(i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %i1, %loop ]
  %p = call ptr @malloc(i64 %n)
  %a = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  %q = call ptr @malloc(i64 %i)
  %b = call i64 @strlen(ptr %q)
  call void @free(ptr %q)
  %i1 = add i64 %i, 1
  %again = icmp slt i64 %i1, %n
  br i1 %again, label %loop, label %out
out:
  ret void
}

; The first round's object is kept while others come and go.
; CHECK-LABEL: define void @carried(
; CHECK-DAG: alloca [1024 x i8]
; CHECK-DAG: alloca [1024 x i8]
; CHECK: ret void
define void @carried(i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %i1, %next ]
  %kept = phi ptr [ null, %0 ], [ %keep, %next ]
  %p = call ptr @malloc(i64 %n)
  %first = icmp eq i64 %i, 0
  br i1 %first, label %next, label %drop
drop:
  %a = call i64 @strlen(ptr %kept)
  call void @free(ptr %p)
  br label %next
next:
  %keep = phi ptr [ %p, %loop ], [ %kept, %drop ]
  %q = call ptr @malloc(i64 %i)
  %b = call i64 @strlen(ptr %q)
  call void @free(ptr %q)
  %i1 = add i64 %i, 1
  %again = icmp slt i64 %i1, %n
  br i1 %again, label %loop, label %out
out:
  ret void
}

; Four sizes that are not known, two of them at once: as much as is allowed, or what the frame has.
; TEXT: unknown_sizes, frame +2048 bytes
; TEXT-NEXT: where it fits 1024 bytes
; TEXT-NEXT: where it fits 1024 bytes
; TEXT-NEXT: where it fits 1024 bytes
; TEXT-NEXT: where it fits 1024 bytes
; CHECK-LABEL: define void @unknown_sizes(
; SMALL-LABEL: define void @unknown_sizes(
; SMALL-DAG: alloca [512 x i8]
; SMALL-DAG: alloca [512 x i8]
; SMALL: ret void
define void @unknown_sizes(i64 %n) {
  %p = call ptr @malloc(i64 %n)
  %q = call ptr @malloc(i64 %n)
  %a = call i64 @strlen(ptr %p)
  %b = call i64 @strlen(ptr %q)
  call void @free(ptr %p)
  call void @free(ptr %q)
  %r = call ptr @malloc(i64 %n)
  %s = call ptr @malloc(i64 %n)
  %c = call i64 @strlen(ptr %r)
  %d = call i64 @strlen(ptr %s)
  call void @free(ptr %r)
  call void @free(ptr %s)
  ret void
}

; A stricter alignment, and what realloc grows, stand by themselves.
; CHECK-LABEL: define void @apart(
; CHECK-DAG: alloca [64 x i8], align 64
; CHECK-DAG: alloca [1024 x i8], align 16
; CHECK-DAG: alloca [64 x i8], align 16
; CHECK: ret void
define void @apart(i64 %n) {
  %p = call ptr @aligned_alloc(i64 64, i64 64)
  %a = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  %q = call ptr @malloc(i64 50)
  %b = call i64 @strlen(ptr %q)
  %r = call ptr @realloc(ptr %q, i64 %n)
  %c = call i64 @strlen(ptr %r)
  call void @free(ptr %r)
  ret void
}

; What ints were read from before becomes floats: their types tell LLVM nothing of the order.
; CHECK-LABEL: define i32 @of_other_types(
; CHECK: %x = load i32, ptr %{{[a-z0-9._]+}}, align 4{{$}}
; CHECK: store float 1.000000e+00, ptr %{{[a-z0-9._]+}}, align 4{{$}}
; CHECK: store i32 %x, ptr @other, align 4, !tbaa
; CHECK: ret i32
@other = global i32 0
define i32 @of_other_types() {
  %p = call ptr @malloc(i64 64)
  %a = call i64 @strlen(ptr %p)
  %x = load i32, ptr %p, align 4, !tbaa !1
  call void @free(ptr %p)
  %q = call ptr @malloc(i64 40)
  store float 1.0, ptr %q, align 4, !tbaa !3
  %b = call i64 @strlen(ptr %q)
  call void @free(ptr %q)
  store i32 %x, ptr @other, align 4, !tbaa !1
  ret i32 %x
}

!0 = !{!"root"}
!1 = !{!2, !2, i64 0}
!2 = !{!"int", !0, i64 0}
!3 = !{!4, !4, i64 0}
!4 = !{!"float", !0, i64 0}

; Where the compiler is to warn of frames of more than 600 bytes, slots leave room for what else the frame holds.
; CHECK-LABEL: define i64 @warned(
; CHECK: alloca [80 x i8]
; CHECK: icmp ule i64 %n, 80
define i64 @warned(i64 %n) "warn-stack-size"="600" {
  %own = alloca [24 x i8]
  %a = call i64 @strlen(ptr %own)
  %p = call ptr @malloc(i64 %n)
  %b = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  %c = add i64 %a, %b
  ret i64 %c
}

; TEXT: full
; TEXT-NEXT: malloc, 16 bytes: kept:
; CHECK-LABEL: define i64 @full(
; CHECK-NOT: alloca
; CHECK: call ptr @malloc(i64 16)
define i64 @full() "warn-stack-size"="256" {
  %p = call ptr @malloc(i64 16)
  %a = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %a
}
