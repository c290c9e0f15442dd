; What malloc_usable_size is asked of stays with malloc, on the heap, and the report says so; what such an object points to does as well.
; RUN: %vmemopt opt --heaps --whole-program %s -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s < %t.ll
; RUN: %vmemopt opt --heaps --whole-program %S/inputs/usable_number.ll -o - | FileCheck %s --check-prefix=NUMBER
; An address that was a number may be asked of, too: any object may be the one.
; NUMBER-NOT: vmr_
; NUMBER: define i32 @main(
; NUMBER-NOT: vmr_
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare void @free(ptr)
declare i64 @malloc_usable_size(ptr)
@other = internal global ptr null

; TEXT: asked{{$}}
; TEXT: malloc, 40 bytes: kept: it is handed to code that may keep it (malloc_usable_size)
; JSON: "escape":{"class":"call","to":"malloc_usable_size"
; CHECK-LABEL: define internal i64 @asked(
; CHECK: call ptr @malloc(i64 40)
; CHECK: call void @free(
define internal i64 @asked() {
  %p = call ptr @malloc(i64 40)
  %n = call i64 @malloc_usable_size(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}

; By way of a function of the program.
; CHECK-LABEL: define internal i64 @asked_below(
; CHECK: call ptr @malloc(i64 48)
define internal i64 @ask(ptr %p) noinline {
  %n = call i64 @malloc_usable_size(ptr %p)
  ret i64 %n
}
define internal i64 @asked_below() {
  %p = call ptr @malloc(i64 48)
  %n = call i64 @ask(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}

; Beside it, others have slots and heaps: it is no code that is not seen.
; TEXT: never_asked
; TEXT: malloc, 24 bytes: to the stack
; CHECK-LABEL: define internal i64 @never_asked(
; CHECK-NOT: @malloc(
; CHECK: ret i64
define internal i64 @never_asked() {
  %q = call ptr @malloc(i64 24)
  store volatile i64 0, ptr %q
  %n = load volatile i64, ptr %q
  call void @free(ptr %q)
  ret i64 %n
}

; TEXT: heap 0, bump: objects of 16 bytes
; TEXT-NOT: the program may have threads
; TEXT: {{^}}  with malloc
; TEXT: asked, (no line)  malloc, 40 bytes: code that is not seen may free or keep it: it is handed to code that may keep it (malloc_usable_size)
; TEXT: asked_below, (no line)  malloc, 48 bytes: {{.*}}(malloc_usable_size)
; CHECK-LABEL: define i32 @main(
define i32 @main() {
  %p = call ptr @malloc(i64 16)
  store ptr %p, ptr @other
  %a = call i64 @asked()
  %b = call i64 @asked_below()
  %c = call i64 @never_asked()
  %r = trunc i64 %a to i32
  ret i32 %r
}
