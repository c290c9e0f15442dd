; Bytes that hold one object after another: what a callee does with them has types that LLVM would order it by once it has
; inlined it. A fence before the later allocation keeps it in its place.
; RUN: %vmemopt opt %s -o %t.ll
; RUN: FileCheck %s < %t.ll
; RUN: %vmemopt opt %t.ll -o - | FileCheck %s
; RUN: opt -S -O2 %t.ll -o - | FileCheck %s --check-prefix=INLINED
target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i64)
declare void @free(ptr)
declare i64 @strlen(ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define internal i32 @as_int(ptr %p, i32 %x) {
  store i32 %x, ptr %p, !tbaa !1
  %n = call i64 @strlen(ptr %p)
  %y = load i32, ptr %p, !tbaa !1
  ret i32 %y
}
define internal float @as_float(ptr %p, float %x) {
  store float %x, ptr %p, !tbaa !3
  %n = call i64 @strlen(ptr %p)
  %y = load float, ptr %p, !tbaa !3
  ret float %y
}

; CHECK-LABEL: define float @one_after_the_other(
; CHECK: %[[FRAME:.*]] = alloca [16 x i8], align 16
; CHECK-NEXT: %[[P:.*]] = getelementptr inbounds i8, ptr %[[FRAME]], i64 0
; CHECK-NEXT: %[[Q:.*]] = getelementptr inbounds i8, ptr %[[FRAME]], i64 0
; CHECK: call i32 @as_int(ptr %[[P]]
; CHECK: call void asm sideeffect "", "=*m,*m"(ptr elementtype([16 x i8]) %[[Q]], ptr elementtype([16 x i8]) %[[Q]]) #[[FENCE:[0-9]+]]
; CHECK: call float @as_float(ptr %[[Q]]
; CHECK: ret float
; INLINED-LABEL: define {{.*}}float @one_after_the_other(
; INLINED: store i32 %n, {{.*}} !tbaa
; INLINED-NEXT: call void asm sideeffect "", "=*m,*m"
define float @one_after_the_other(i32 %n, float %x) {
  %p = call ptr @malloc(i64 4)
  %a = call i32 @as_int(ptr %p, i32 %n)
  call void @free(ptr %p)
  %q = call ptr @malloc(i64 4)
  %b = call float @as_float(ptr %q, float %x)
  call void @free(ptr %q)
  %c = sitofp i32 %a to float
  %d = fadd float %b, %c
  ret float %d
}

; In a loop an object follows one of its own site.
; CHECK-LABEL: define i32 @again_and_again(
; CHECK: loop:
; CHECK: call void asm sideeffect "", "=*m,*m"
; CHECK: call i32 @as_int(
define i32 @again_and_again(i32 %n) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %p = call ptr @malloc(i64 4)
  %a = call i32 @as_int(ptr %p, i32 %i)
  call void @free(ptr %p)
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret i32 %a
}

; Nobody was there before.
; CHECK-LABEL: define i32 @alone(
; CHECK-NOT: asm
; CHECK: ret i32
define i32 @alone(i32 %n) {
  %p = call ptr @malloc(i64 4)
  %a = call i32 @as_int(ptr %p, i32 %n)
  call void @free(ptr %p)
  ret i32 %a
}

; What the function itself does, and what the library does, has no types any more; scopes and the types of copies are gone, too.
; CHECK-LABEL: define i64 @own_accesses(
; CHECK-NOT: asm
; CHECK-NOT: !tbaa
; CHECK-NOT: !alias.scope
; CHECK-NOT: !noalias
; CHECK: ret i64
define i64 @own_accesses(ptr %from) {
  %p = call ptr @malloc(i64 16)
  store i32 1, ptr %p, !tbaa !1, !alias.scope !6
  %a = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  %q = call ptr @malloc(i64 16)
  call void @llvm.memcpy.p0.p0.i64(ptr %q, ptr %from, i64 16, i1 false), !tbaa.struct !5, !noalias !6
  store i8 0, ptr %q
  %b = call i64 @strlen(ptr %q)
  call void @free(ptr %q)
  %c = add i64 %a, %b
  ret i64 %c
}

; CHECK: attributes #[[FENCE]] = { nounwind memory(argmem: readwrite) }

!0 = !{!"root"}
!1 = !{!2, !2, i64 0}
!2 = !{!"int", !0}
!3 = !{!4, !4, i64 0}
!4 = !{!"float", !0}
!5 = !{i64 0, i64 4, !1, i64 4, i64 4, !3}
!6 = !{!7}
!7 = distinct !{!7, !8}
!8 = distinct !{!8}
