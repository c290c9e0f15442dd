; In a program that switches stacks functions don't end in the order of their calls: none drops a heap.
; RUN: %vmemopt opt --heaps --whole-program --max-stack=8 %s -o %t.ll --text | FileCheck %s
; RUN: FileCheck %s --check-prefix=IR --implicit-check-not=vmr_bump_release < %t.ll
; RUN: sed 's/swapcontext/otherwise/' %s > %t.other.ll
; RUN: %vmemopt opt --heaps --whole-program --max-stack=8 %t.other.ll -o - | FileCheck %s --check-prefix=OTHER
; IR: define i32 @main(
; OTHER: call void @vmr_bump_release(
target triple = "x86_64-pc-linux-gnu"

; CHECK: heap 0, bump: objects of 24 bytes, aligned to 8; never freed
; CHECK: not dropped: by measure: the program switches stacks
declare ptr @malloc(i64)
declare i32 @swapcontext(ptr, ptr)
@here = internal global [1024 x i8] zeroinitializer
@there = internal global [1024 x i8] zeroinitializer

define internal i64 @measure(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %list = phi ptr [ null, %entry ], [ %e, %loop ]
  %e = call ptr @malloc(i64 24)
  store ptr %list, ptr %e
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %end
end:
  %s = call i32 @swapcontext(ptr @here, ptr @there)
  %first = load ptr, ptr %e
  %none = icmp eq ptr %first, null
  %value = zext i1 %none to i64
  ret i64 %value
}

define i32 @main() {
  %a = call i64 @measure(i64 5)
  %b = call i64 @measure(i64 6)
  ret i32 0
}
