; Slots that share bytes of a frame hold objects of their own: what is done with one is not done with what others held.
; RUN: %vmemopt opt --heaps --whole-program %s -o - --json=%t.json | FileCheck %s
; RUN: FileCheck %s --check-prefix=JSON --input-file=%t.json
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare void @free(ptr)
declare i64 @strlen(ptr)
declare void @unseen(ptr)

@kept = internal global ptr null
@byte = internal global i8 0

; The first object leads to another; bytes of the second are moved one by one, and addresses would be lost there.
; CHECK-LABEL: define i32 @main(
; CHECK: %vmemopt.frame = alloca [1024 x i8]
; CHECK-NOT: call ptr @malloc(
; CHECK-NOT: !vmemopt.slot
; CHECK: ret i32 0
; JSON: "heaps":
; JSON: {"function":"main",{{[^}]*}}"bytes":8,"heap":0,"refusal":null,
define i32 @main(i32 %count, ptr %arguments) {
  %n = sext i32 %count to i64
  %inside = call ptr @malloc(i64 8)
  store ptr %inside, ptr @kept
  %p = call ptr @malloc(i64 %n)
  store ptr %inside, ptr %p
  %a = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  %q = call ptr @malloc(i64 %n)
  %b = call i64 @strlen(ptr %q)
  %place = getelementptr i8, ptr %q, i64 %b
  %one = load i8, ptr %place
  store i8 %one, ptr @byte
  call void @free(ptr %q)
  call void @marked()
  ret i32 0
}

; Marks that the program had before say nothing.
; CHECK-LABEL: define internal void @marked(
; CHECK: call ptr @malloc(i64 24)
; CHECK-NOT: !vmemopt.slot
; CHECK: ret void
; JSON: {"function":"marked",{{[^}]*}}"bytes":24,"heap":null,"refusal":"external",
define internal void @marked() noinline {
  %holder = alloca ptr
  %slot = getelementptr i8, ptr %holder, i64 0, !vmemopt.slot !0
  %p = call ptr @malloc(i64 24)
  store ptr %p, ptr %slot
  %same = load ptr, ptr %holder
  call void @unseen(ptr %same)
  ret void
}

!0 = !{}
