; What a recursive function calls keeps its slots out of the many frames of the recursion: LLVM does not inline it.
; RUN: %vmemopt opt %s -o - | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare void @free(ptr)
declare i64 @strlen(ptr)

; CHECK: define internal i64 @large(i64 %x) #[[KEPT:[0-9]+]] {
define internal i64 @large(i64 %x) {
  %p = call ptr @malloc(i64 512)
  store i64 %x, ptr %p
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}

; CHECK: define internal i64 @between(i64 %x) {
define internal i64 @between(i64 %x) {
  %n = call i64 @large(i64 %x)
  ret i64 %n
}

; CHECK: define internal i64 @small(i64 %x) {
define internal i64 @small(i64 %x) {
  %p = call ptr @malloc(i64 48)
  store i64 %x, ptr %p
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}

; CHECK: define internal i64 @elsewhere(i64 %x) {
define internal i64 @elsewhere(i64 %x) {
  %p = call ptr @malloc(i64 512)
  store i64 %x, ptr %p
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}

define i64 @walk(i64 %depth) {
entry:
  %end = icmp eq i64 %depth, 0
  br i1 %end, label %done, label %more
more:
  %less = sub i64 %depth, 1
  %a = call i64 @between(i64 %depth)
  %b = call i64 @small(i64 %depth)
  %c = call i64 @walk(i64 %less)
  %sum = add i64 %a, %b
  %all = add i64 %sum, %c
  br label %done
done:
  %result = phi i64 [ 0, %entry ], [ %all, %more ]
  ret i64 %result
}

define i64 @once(i64 %x) {
  %n = call i64 @elsewhere(i64 %x)
  ret i64 %n
}
; CHECK: attributes #[[KEPT]] = { noinline }
