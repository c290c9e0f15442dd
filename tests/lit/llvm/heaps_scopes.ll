; A structure that nobody knows when a function returns, and whose objects are never freed, is dropped there: where the function is
; called more than once, can be edited, and no other site has the heap.
; RUN: %vmemopt opt --heaps --whole-program %s -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s < %t.ll
target triple = "x86_64-pc-linux-gnu"

; TEXT: heap 0, scoped: objects of 24 bytes, aligned to 8; dropped as a whole when measure returns
; TEXT: heap 1, bump: objects of 32 bytes, aligned to 8; never freed
; JSON: "heap":0,"kind":"scoped",{{.*}}"scope":"measure"
; JSON: "heap":1,"kind":"bump",{{.*}}"scope":null
@kept = internal global ptr null

declare ptr @malloc(i64)

define internal void @grow(ptr %list, i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %e = call ptr @malloc(i64 24)
  %head = load ptr, ptr %list
  store ptr %head, ptr %e
  %place = getelementptr i8, ptr %e, i64 8
  store i64 %i, ptr %place
  store ptr %e, ptr %list
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %end
end:
  ret void
}

; CHECK-LABEL: define internal i64 @measure(
; CHECK: %[[SAVED:.*]] = load { ptr, ptr, i64, ptr, i32, i32 }, ptr @vmemopt.heap.0
; CHECK: store { ptr, ptr, i64, ptr, i32, i32 } { ptr null, ptr null, i64 0, ptr null, i32 4, i32 0 }, ptr @vmemopt.heap.0
; CHECK: call void @grow(
; CHECK: call void @vmr_bump_release(ptr @vmemopt.heap.0)
; CHECK-NEXT: store { ptr, ptr, i64, ptr, i32, i32 } %[[SAVED]], ptr @vmemopt.heap.0
; CHECK-NEXT: ret i64
define internal i64 @measure(i64 %n) noinline {
  %list = alloca ptr
  store ptr null, ptr %list
  call void @grow(ptr %list, i64 %n)
  %first = load ptr, ptr %list
  %place = getelementptr i8, ptr %first, i64 8
  %value = load i64, ptr %place
  ret i64 %value
}

; CHECK-LABEL: define internal void @keep(
; CHECK-NOT: vmr_bump_release
; CHECK: ret void
define internal void @keep() noinline {
  %p = call ptr @malloc(i64 32)
  %old = load ptr, ptr @kept
  store ptr %old, ptr %p
  store ptr %p, ptr @kept
  ret void
}

define i32 @main() {
  %a = call i64 @measure(i64 5)
  %b = call i64 @measure(i64 6)
  call void @keep()
  call void @keep()
  %c = add i64 %a, %b
  %r = trunc i64 %c to i32
  ret i32 %r
}
