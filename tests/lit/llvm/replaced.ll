; A program that defines malloc itself is not touched: its objects are not what they seem.
; RUN: %vmemopt analyze %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"
@memory = internal global [65536 x i8] zeroinitializer
declare ptr @calloc(i64, i64)
declare void @free(ptr)
define ptr @malloc(i64 %n) {
  ret ptr @memory
}
; CHECK: calloc, 8 bytes: kept: the program defines malloc or free itself
define void @user() {
  %p = call ptr @calloc(i64 1, i64 8)
  call void @free(ptr %p)
  ret void
}
