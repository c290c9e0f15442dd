; The distance of two pointers that may point to the same objects is a number, when it is cut to an int; so is its half.
; RUN: %vmemopt analyze %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i64)
declare void @free(ptr)
declare ptr @strchr(ptr, i32)
@kept = external global i32
@word = external global i64

; int n = strchr(one or other, ':') - (one or other);
; CHECK: cut
; CHECK-NEXT: malloc, 40 bytes: to the stack
; CHECK-NEXT: malloc, 50 bytes: to the stack
define void @cut(i1 %which) {
  %one = call ptr @malloc(i64 40)
  %other = call ptr @malloc(i64 50)
  %text = select i1 %which, ptr %one, ptr %other
  %end = call ptr @strchr(ptr %text, i32 58)
  %a = ptrtoint ptr %end to i64
  %b = ptrtoint ptr %text to i64
  %distance = sub i64 %a, %b
  %n = trunc i64 %distance to i32
  store i32 %n, ptr @kept
  %masked = and i64 %distance, 1073741823
  store i64 %masked, ptr @word
  call void @free(ptr %one)
  call void @free(ptr %other)
  ret void
}

; The whole of it, or both halves, may lead from one to the other.
; CHECK: whole
; CHECK-NEXT: malloc, 40 bytes: kept
; CHECK-NEXT: malloc, 50 bytes: kept
define i64 @whole(i1 %which, i1 %again) {
  %one = call ptr @malloc(i64 40)
  %other = call ptr @malloc(i64 50)
  %text = select i1 %which, ptr %one, ptr %other
  %next = select i1 %again, ptr %one, ptr %other
  %a = ptrtoint ptr %next to i64
  %b = ptrtoint ptr %text to i64
  %distance = sub i64 %a, %b
  store i64 %distance, ptr @word
  call void @free(ptr %one)
  call void @free(ptr %other)
  ret i64 %distance
}
; CHECK: halves
; CHECK-NEXT: malloc, 40 bytes: kept
; CHECK-NEXT: malloc, 50 bytes: kept
define void @halves(i1 %which, i1 %again) {
  %one = call ptr @malloc(i64 40)
  %other = call ptr @malloc(i64 50)
  %text = select i1 %which, ptr %one, ptr %other
  %next = select i1 %again, ptr %one, ptr %other
  %a = ptrtoint ptr %next to i64
  %b = ptrtoint ptr %text to i64
  %distance = sub i64 %a, %b
  %low = trunc i64 %distance to i32
  %rest = lshr i64 %distance, 32
  %high = trunc i64 %rest to i32
  store i32 %low, ptr @kept
  store i32 %high, ptr @word
  call void @free(ptr %one)
  call void @free(ptr %other)
  ret void
}

; From one object to another: no distance.
; CHECK: apart
; CHECK-NEXT: malloc, 40 bytes: kept
; CHECK-NEXT: malloc, 50 bytes: kept
define void @apart() {
  %one = call ptr @malloc(i64 40)
  %other = call ptr @malloc(i64 50)
  %a = ptrtoint ptr %one to i64
  %b = ptrtoint ptr %other to i64
  %distance = sub i64 %a, %b
  %n = trunc i64 %distance to i32
  store i32 %n, ptr @kept
  call void @free(ptr %one)
  call void @free(ptr %other)
  ret void
}

; The end of an array that stands in its head: (end - array) / 8 counts elements.
define internal i64 @count(ptr %array) noinline {
  %at = getelementptr i8, ptr %array, i64 8
  %end = load ptr, ptr %at
  %a = ptrtoint ptr %end to i64
  %b = ptrtoint ptr %array to i64
  %distance = sub i64 %a, %b
  %n = ashr exact i64 %distance, 3
  ret i64 %n
}
; CHECK: counted
; CHECK-NEXT: malloc, 40 bytes: to the stack
define i64 @counted() {
  %array = call ptr @malloc(i64 40)
  %at = getelementptr i8, ptr %array, i64 8
  %end = getelementptr i8, ptr %array, i64 40
  store ptr %end, ptr %at
  %n = call i64 @count(ptr %array)
  call void @free(ptr %array)
  ret i64 %n
}

; Its bytes may lead from one object to another, even if an int holds them; and so may what lies between two parameters.
define internal i64 @bytes(ptr %array) noinline {
  %end = load ptr, ptr %array
  %a = ptrtoint ptr %end to i64
  %b = ptrtoint ptr %array to i64
  %distance = sub i64 %a, %b
  ret i64 %distance
}
define internal i32 @few_bytes(ptr %array) noinline {
  %end = load ptr, ptr %array
  %a = ptrtoint ptr %end to i64
  %b = ptrtoint ptr %array to i64
  %distance = sub i64 %a, %b
  %n = trunc i64 %distance to i32
  ret i32 %n
}
define internal i64 @between(ptr %one, ptr %other) noinline {
  %a = ptrtoint ptr %one to i64
  %b = ptrtoint ptr %other to i64
  %distance = sub i64 %a, %b
  %n = ashr exact i64 %distance, 3
  ret i64 %n
}
; CHECK: measured
; CHECK-NEXT: malloc, 41 bytes: kept
; CHECK-NEXT: malloc, 42 bytes: kept
; CHECK-NEXT: malloc, 43 bytes: kept
; CHECK-NEXT: malloc, 44 bytes: kept
define i64 @measured() {
  %one = call ptr @malloc(i64 41)
  %two = call ptr @malloc(i64 42)
  %three = call ptr @malloc(i64 43)
  %four = call ptr @malloc(i64 44)
  store ptr %one, ptr %one
  store ptr %two, ptr %two
  %a = call i64 @bytes(ptr %one)
  %b = call i32 @few_bytes(ptr %two)
  %c = call i64 @between(ptr %three, ptr %four)
  store i64 %c, ptr @word
  call void @free(ptr %one)
  call void @free(ptr %two)
  call void @free(ptr %three)
  call void @free(ptr %four)
  ret i64 %a
}
