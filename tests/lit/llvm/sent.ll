; Addresses that leave through a pipe, a file or a text come back elsewhere: their objects stay.
; RUN: %vmemopt opt %s -o - | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

@decimal = private constant [4 x i8] c"%d\0A\00"
@address = private constant [8 x i8] c"%%%-16p\00"
@percent = private constant [6 x i8] c"%%p%s\00"
@text = global ptr null
@place = global [64 x i8] zeroinitializer

declare noalias ptr @malloc(i64)
declare void @free(ptr)
declare i64 @write(i32, ptr, i64)
declare i64 @read(i32, ptr, i64)
declare i64 @fwrite(ptr, i64, i64, ptr)
declare i32 @printf(ptr, ...)
declare i32 @sprintf(ptr, ptr, ...)

; CHECK-LABEL: define void @through_pipe(
; CHECK: call ptr @malloc(i64 16)
define void @through_pipe() {
  %box = alloca ptr
  %p = call ptr @malloc(i64 16)
  store i32 5, ptr %p
  store ptr %p, ptr %box
  %n = call i64 @write(i32 1, ptr %box, i64 8)
  ret void
}

; CHECK-LABEL: define internal void @give(
define internal void @give(ptr %box, ptr %file) noinline {
  %n = call i64 @fwrite(ptr %box, i64 8, i64 1, ptr %file)
  ret void
}

; In a callee.
; CHECK-LABEL: define void @through_file(
; CHECK: call ptr @malloc(i64 16)
define void @through_file(ptr %file) {
  %box = alloca ptr
  %p = call ptr @malloc(i64 16)
  store ptr %p, ptr %box
  call void @give(ptr %box, ptr %file)
  ret void
}

; What is freed at last is what was received.
; CHECK-LABEL: define void @received(
; CHECK-NOT: malloc
; CHECK: read
; CHECK: call void @free(ptr
define void @received() {
  %box = alloca ptr
  %p = call ptr @malloc(i64 16)
  store ptr %p, ptr %box
  call void @free(ptr %p)
  %n = call i64 @read(i32 0, ptr %box, i64 8)
  %q = load ptr, ptr %box
  call void @free(ptr %q)
  ret void
}

; The bytes of the object itself may go.
; CHECK-LABEL: define void @bytes(
; CHECK: alloca [16 x i8]
; CHECK-NOT: malloc
; CHECK: ret void
define void @bytes() {
  %p = call ptr @malloc(i64 16)
  store i32 5, ptr %p
  %n = call i64 @write(i32 1, ptr %p, i64 16)
  call void @free(ptr %p)
  ret void
}

; CHECK-LABEL: define void @as_text(
; CHECK: call ptr @malloc(i64 16)
define void @as_text() {
  %p = call ptr @malloc(i64 16)
  %n = call i32 (ptr, ptr, ...) @sprintf(ptr @place, ptr @address, ptr %p)
  ret void
}

; CHECK-LABEL: define void @as_number(
; CHECK: call ptr @malloc(i64 16)
define void @as_number() {
  %p = call ptr @malloc(i64 16)
  %address = ptrtoint ptr %p to i64
  %n = call i32 (ptr, ptr, ...) @sprintf(ptr @place, ptr @decimal, i64 %address)
  ret void
}

; CHECK-LABEL: define void @as_unknown_text(
; CHECK: call ptr @malloc(i64 16)
define void @as_unknown_text() {
  %p = call ptr @malloc(i64 16)
  %text = load ptr, ptr @text
  %n = call i32 (ptr, ...) @printf(ptr %text, ptr %p)
  ret void
}

; CHECK-LABEL: define void @printed(
; CHECK: alloca [16 x i8]
; CHECK-NOT: malloc
; CHECK: ret void
define void @printed() {
  %p = call ptr @malloc(i64 16)
  store i32 5, ptr %p
  %x = load i32, ptr %p
  %n = call i32 (ptr, ...) @printf(ptr @decimal, i32 %x)
  %m = call i32 (ptr, ...) @printf(ptr @percent, ptr %p)
  call void @free(ptr %p)
  ret void
}
