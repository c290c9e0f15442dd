; What is not known to be safe is left alone, and the report says why.
; RUN: %vmemopt opt %s -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json > /dev/null
; RUN: FileCheck %s < %t.ll
target triple = "x86_64-pc-linux-gnu"

@global = global ptr null
declare ptr @malloc(i64)
declare ptr @realloc(ptr, i64)
declare ptr @wcsdup(ptr)
declare ptr @aligned_alloc(i64, i64)
declare void @free(ptr)
declare void @unknown(ptr)
declare i64 @malloc_usable_size(ptr)
declare i32 @_setjmp(ptr) returns_twice

; CHECK-NOT: alloca [
; TEXT: 0 to the stack, 0 to the stack where they fit, 16 kept, 1 freed early

; TEXT: returned{{$}}
; TEXT: kept: it is returned
define ptr @returned() {
  %p = call ptr @malloc(i64 8)
  ret ptr %p
}

; TEXT: kept: it is stored in memory of the caller
define void @argument(ptr %out) {
  %p = call ptr @malloc(i64 8)
  store ptr %p, ptr %out
  ret void
}

; TEXT: kept: it is stored where everybody may read it
define void @to_global() {
  %p = call ptr @malloc(i64 8)
  store ptr %p, ptr @global
  ret void
}

; In memory that is known to all: what holds the pointer escapes.
; TEXT: malloc, 16 bytes: kept: it is stored where everybody may read it
; TEXT: malloc, 8 bytes: kept: it is stored where everybody may read it
define void @inside() {
  %box = call ptr @malloc(i64 16)
  %p = call ptr @malloc(i64 8)
  store ptr %p, ptr %box
  store ptr %box, ptr @global
  ret void
}

; TEXT: kept: it is handed to code that may keep it (unknown)
define void @to_unknown() {
  %p = call ptr @malloc(i64 8)
  call void @unknown(ptr %p)
  call void @free(ptr %p)
  ret void
}

; TEXT: kept: it is handed to code that may keep it{{$}}
define void @through_pointer(ptr %f) {
  %p = call ptr @malloc(i64 8)
  call void %f(ptr %p)
  call void @free(ptr %p)
  ret void
}

; malloc_usable_size must see an object of malloc.
; TEXT: kept: it is handed to code that may keep it (malloc_usable_size)
define i64 @usable() {
  %p = call ptr @malloc(i64 8)
  %n = call i64 @malloc_usable_size(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}

; TEXT: kept: its address is made a number
define i32 @number() {
  %p = call ptr @malloc(i64 8)
  %n = ptrtoint ptr %p to i64
  %t = trunc i64 %n to i32
  call void @free(ptr %p)
  ret i32 %t
}

; The bytes of the pointer are copied one by one to where everybody may read them.
; TEXT: kept: its address is made a number
define void @bytes() {
  %cell = alloca ptr
  %p = call ptr @malloc(i64 8)
  store ptr %p, ptr %cell
  %byte = load i8, ptr %cell
  store i8 %byte, ptr @global
  ret void
}

; TEXT: kept: inline assembly sees it
define void @assembly() {
  %p = call ptr @malloc(i64 8)
  call void asm sideeffect "", "r"(ptr %p)
  call void @free(ptr %p)
  ret void
}

; TEXT: kept: the function may return twice (setjmp)
define void @jumps() {
  %buffer = alloca <200 x i8>
  %p = call ptr @malloc(i64 8)
  %again = call i32 @_setjmp(ptr %buffer) returns_twice
  call void @free(ptr %p)
  ret void
}

; TEXT: kept: it is built for a sanitizer
define void @sanitized() sanitize_address {
  %p = call ptr @malloc(i64 8)
  call void @free(ptr %p)
  ret void
}

; One that is handed any arguments cannot be split.
; TEXT: recursive
; TEXT: kept: the function is recursive
define internal void @recursive(i32 %n, ...) {
  %p = call ptr @malloc(i64 8)
  %less = sub i32 %n, 1
  %stop = icmp eq i32 %n, 0
  br i1 %stop, label %end, label %go
go:
  call void (i32, ...) @recursive(i32 %less)
  br label %end
end:
  call void @free(ptr %p)
  ret void
}

; TEXT: kept: it is too large for the stack
define void @large() {
  call void (i32, ...) @recursive(i32 2)
  %p = call ptr @malloc(i64 1025)
  store i8 0, ptr %p
  call void @free(ptr %p)
  ret void
}

; TEXT: kept: objects of this function are not moved
define void @other_allocator(ptr %s) {
  %p = call ptr @wcsdup(ptr %s)
  call void @free(ptr %p)
  ret void
}

; TEXT: aligned_alloc, 4096 bytes: kept: objects of this function are not moved
define void @page() {
  %p = call ptr @aligned_alloc(i64 4096, i64 4096)
  call void @free(ptr %p)
  ret void
}
