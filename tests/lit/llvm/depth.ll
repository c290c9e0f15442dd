; What an allocation asks for, over the arguments; what a function and its callees take of the stack, and why there is no
; bound.
; RUN: %vmemopt opt %s -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare void @free(ptr)
declare i64 @strlen(ptr)

; The slot of 32 bytes counts.
; CHECK: "name": "leaf"
; CHECK: "stack_frame": 72,
; CHECK-NEXT: "stack_depth": 72,
; CHECK-NEXT: "stack_because": null,
define i64 @leaf() {
  %x = alloca [10 x i32]
  %p = call ptr @malloc(i64 20)
  store ptr %p, ptr %x
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}

; The deeper of two callees.
; CHECK: "name": "above"
; CHECK: "stack_frame": 8,
; CHECK-NEXT: "stack_depth": 80,
define i64 @above() {
  %x = alloca i64
  call void @small()
  %n = call i64 @leaf()
  ret i64 %n
}

; CHECK: "name": "small"
; CHECK: "stack_depth": 0,
define void @small() noinline {
  ret void
}

; CHECK: "name": "one"
; CHECK: "stack_depth": null,
; CHECK-NEXT: "stack_because": "one",
define void @one(i1 %c) {
  br i1 %c, label %again, label %end
again:
  call void @other()
  br label %end
end:
  ret void
}

; CHECK: "name": "other"
; CHECK: "stack_because": "other",
define void @other() {
  call void @one(i1 false)
  ret void
}

; CHECK: "name": "calls_them"
; CHECK: "stack_frame": 0,
; CHECK-NEXT: "stack_depth": null,
; CHECK-NEXT: "stack_because": "itself",
define void @calls_them() {
  call void @itself(i64 3)
  ret void
}

; CHECK: "name": "itself"
; CHECK: "stack_because": "itself",
define void @itself(i64 %n) {
  %more = icmp eq i64 %n, 0
  br i1 %more, label %end, label %again
again:
  %m = sub i64 %n, 1
  call void @itself(i64 %m)
  br label %end
end:
  ret void
}

; CHECK: "name": "dynamic"
; CHECK: "stack_because": "dynamic",
define i64 @dynamic(i64 %n) {
  %x = alloca i8, i64 %n
  %length = call i64 @strlen(ptr %x)
  ret i64 %length
}

; TEXT: sizes
; TEXT-NEXT: malloc, size 8 * argument 1 + 16:
; TEXT-NEXT: calloc, size argument 2 * (argument 1 - 1):
; TEXT-NEXT: malloc, size 4 * argument 2:
; TEXT-NEXT: malloc, size argument 1 - (argument 2 - 3):
; TEXT-NEXT: malloc, size not known:
; CHECK: "size":"8 * argument 1 + 16"
define void @sizes(i64 %n, i32 %m) {
  %bytes = mul i64 %n, 8
  %all = add i64 %bytes, 16
  %p = call ptr @malloc(i64 %all)
  %wide = zext i32 %m to i64
  %less = sub i64 %n, 1
  %q = call ptr @calloc(i64 %wide, i64 %less)
  %shifted = shl i64 %wide, 2
  %r = call ptr @malloc(i64 %shifted)
  %three = sub i64 %wide, 3
  %rest = sub i64 %n, %three
  %s = call ptr @malloc(i64 %rest)
  %length = call i64 @strlen(ptr %q)
  %t = call ptr @malloc(i64 %length)
  ret void
}
