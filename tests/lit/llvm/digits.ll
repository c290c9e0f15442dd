; An address whose bits choose elements of a constant table, or are small numbers that the library may write, may come back as a text
; is read: its object stays where it is. A number in the object may choose.
; RUN: %vmemopt opt %s -o - | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

@digits = internal constant [16 x i8] c"0123456789abcdef"
@text = internal global [64 x i8] zeroinitializer
@hex = private constant [5 x i8] c"%08x\00"

declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @putchar(i32)
declare i64 @strtoul(ptr, ptr, i32)
declare i32 @sprintf(ptr, ptr, ...)

; CHECK-LABEL: define void @by_table(
; CHECK: call ptr @malloc(i64 16)
define void @by_table(i64 %by) {
  %p = call ptr @malloc(i64 16)
  %a = ptrtoint ptr %p to i64
  %moved = lshr i64 %a, %by
  %index = and i64 %moved, 15
  %place = getelementptr [16 x i8], ptr @digits, i64 0, i64 %index
  %digit = load i8, ptr %place
  store i8 %digit, ptr @text
  %n = call i64 @strtoul(ptr @text, ptr null, i32 16)
  %q = inttoptr i64 %n to ptr
  call void @free(ptr %q)
  ret void
}

; CHECK-LABEL: define void @by_table_and_int(
; CHECK: call ptr @malloc(i64 16)
define void @by_table_and_int() {
  %p = call ptr @malloc(i64 16)
  %a = ptrtoint ptr %p to i64
  %low = trunc i64 %a to i32
  %rest = urem i32 %low, 10
  %index = zext i32 %rest to i64
  %place = getelementptr [16 x i8], ptr @digits, i64 0, i64 %index
  %digit = load i8, ptr %place
  store i8 %digit, ptr @text
  ret void
}

; CHECK-LABEL: define void @by_remainder(
; CHECK: call ptr @malloc(i64 16)
define void @by_remainder() {
  %p = call ptr @malloc(i64 16)
  %a = ptrtoint ptr %p to i64
  %low = trunc i64 %a to i32
  %rest = urem i32 %low, 10
  %digit = trunc i32 %rest to i8
  store i8 %digit, ptr @text
  ret void
}

; CHECK-LABEL: define void @by_character(
; CHECK: call ptr @malloc(i64 16)
define void @by_character(i64 %by) {
  %p = call ptr @malloc(i64 16)
  %a = ptrtoint ptr %p to i64
  %moved = lshr i64 %a, %by
  %short = trunc i64 %moved to i32
  %digit = and i32 %short, 7
  %c = call i32 @putchar(i32 %digit)
  ret void
}

; CHECK-LABEL: define void @by_halves(
; CHECK: call ptr @malloc(i64 16)
define void @by_halves() {
  %p = call ptr @malloc(i64 16)
  %a = ptrtoint ptr %p to i64
  %low = trunc i64 %a to i32
  %c = call i32 (ptr, ptr, ...) @sprintf(ptr @text, ptr @hex, i32 %low)
  ret void
}

; CHECK-LABEL: define void @by_bytes(
; CHECK: call ptr @malloc(i64 16)
define void @by_bytes(i64 %by) {
  %own = alloca ptr
  %p = call ptr @malloc(i64 16)
  store ptr %p, ptr %own
  %at = getelementptr i8, ptr %own, i64 %by
  %byte = load i8, ptr %at
  %short = zext i8 %byte to i32
  %c = call i32 @putchar(i32 %short)
  ret void
}

; What the object holds is not its address.
; CHECK-LABEL: define void @content(
; CHECK: alloca [16 x i8]
; CHECK-NOT: malloc
; CHECK: ret void
define void @content(i64 %n) {
  %p = call ptr @malloc(i64 16)
  store i64 %n, ptr %p
  %m = load i64, ptr %p
  %index = and i64 %m, 15
  %place = getelementptr [16 x i8], ptr @digits, i64 0, i64 %index
  %digit = load i8, ptr %place
  %c = sext i8 %digit to i32
  %d = call i32 @putchar(i32 %c)
  call void @free(ptr %p)
  ret void
}

; Nor is a count of its bytes.
; CHECK-LABEL: define void @length(
; CHECK: alloca [16 x i8]
; CHECK-NOT: malloc
; CHECK: ret void
define void @length(i64 %n) {
  %p = call ptr @malloc(i64 16)
  store i64 %n, ptr %p
  %end = getelementptr i8, ptr %p, i64 %n
  %a = ptrtoint ptr %p to i64
  %b = ptrtoint ptr %end to i64
  %bytes = sub i64 %b, %a
  %index = and i64 %bytes, 15
  %place = getelementptr [16 x i8], ptr @digits, i64 0, i64 %index
  %digit = load i8, ptr %place
  %c = sext i8 %digit to i32
  %d = call i32 @putchar(i32 %c)
  call void @free(ptr %p)
  ret void
}
