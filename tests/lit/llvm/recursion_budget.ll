; In a function that calls itself, slots are taken while a budget of the thread's stack lasts. Beyond it, the function is
; what it was.
; RUN: %vmemopt opt --whole-program %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
; RUN: %vmemopt opt --whole-program --max-frame=64 %s -o - | FileCheck %s --check-prefix=SMALL
; RUN: opt -passes='default<O2>' -S %t.ll | FileCheck %s --check-prefix=OPTIMISED
; RUN: %vmemopt opt --whole-program %t.ll -o - | FileCheck %s --check-prefix=AGAIN
; RUN: sed s/x86_64/riscv64/ %s > %t.other.ll
; RUN: %vmemopt opt --whole-program %t.other.ll -o - | FileCheck %s --check-prefix=OTHER
target triple = "x86_64-pc-linux-gnu"

@table = global [1 x ptr] [ptr @walk]
@place = global ptr null
declare ptr @malloc(i64)
declare void @free(ptr)
declare i64 @strlen(ptr)
declare i32 @__gxx_personality_v0(...)

; CHECK: @table = global [1 x ptr] [ptr @walk]
; CHECK: @vmemopt.recursion = linkonce_odr hidden thread_local global i64 0
; OTHER-NOT: vmemopt
; TEXT: malloc, 40 bytes: to the stack, where it fits 48 bytes, while the recursion's budget lasts
; CHECK: define internal i64 @walk.stack(i64 %depth, i64 %x) #[[APART:[0-9]+]]
; CHECK: alloca [48 x i8], align 16
; CHECK-NOT: @malloc
; CHECK: call i64 @walk(
; CHECK-NOT: @free
; CHECK: ret i64
define i64 @walk(i64 %depth, i64 %x) memory(argmem: readwrite, inaccessiblemem: readwrite) {
entry:
  %end = icmp eq i64 %depth, 0
  br i1 %end, label %done, label %more
more:
  %p = call ptr @malloc(i64 40)
  store i64 %x, ptr %p
  %less = sub i64 %depth, 1
  %n = call i64 @strlen(ptr %p)
  %rest = call i64 @walk(i64 %less, i64 %n)
  %m = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  %sum = add i64 %rest, %m
  br label %done
done:
  %result = phi i64 [ %x, %entry ], [ %sum, %more ]
  ret i64 %result
}

; A size that is not known has a smaller slot than elsewhere. Arguments are handed on as they were.
; TEXT: malloc, size argument 2: to the stack, where it fits 256 bytes, while the recursion's budget lasts
; CHECK-LABEL: define internal fastcc void @fill.stack(
; CHECK: alloca [256 x i8], align 16
define internal fastcc void @fill(ptr sret({ i64, i64 }) %out, i64 signext %n) {
  %p = call ptr @malloc(i64 %n)
  store i8 0, ptr %p
  %less = sub i64 %n, 1
  %end = icmp eq i64 %n, 1
  br i1 %end, label %done, label %more
more:
  call fastcc void @fill(ptr sret({ i64, i64 }) %out, i64 signext %less)
  br label %done
done:
  %x = load i8, ptr %p
  %y = zext i8 %x to i64
  store i64 %y, ptr %out
  call void @free(ptr %p)
  ret void
}

; In a loop, too, and where two functions call each other.
; TEXT: malloc, 16 bytes, in a loop: to the stack, where it fits 16 bytes, while the recursion's budget lasts
; CHECK-LABEL: define internal i64 @even.stack(
; CHECK: alloca [16 x i8], align 16
define internal i64 @even(i64 %n) {
entry:
  br label %again
again:
  %k = phi i64 [ 0, %entry ], [ %next, %again ]
  %p = call ptr @malloc(i64 16)
  store i64 %k, ptr %p
  %length = call i64 @strlen(ptr %p)
  %less = sub i64 %n, %length
  %x = call i64 @odd(i64 %less)
  call void @free(ptr %p)
  %next = add i64 %k, %x
  %end = icmp ult i64 %next, %n
  br i1 %end, label %again, label %done
done:
  ret i64 %k
}
define internal i64 @odd(i64 %n) {
  %end = icmp eq i64 %n, 0
  br i1 %end, label %done, label %more
more:
  %x = call i64 @even(i64 %n)
  ret i64 %x
done:
  ret i64 1
}

; A block whose address is taken belongs to one function.
; TEXT: kept: the function is recursive
; CHECK-LABEL: define void @jumps(
; CHECK: call ptr @malloc
define void @jumps(i64 %n) {
  %p = call ptr @malloc(i64 8)
  store ptr blockaddress(@jumps, %done), ptr @place
  %less = sub i64 %n, 1
  %end = icmp eq i64 %n, 0
  br i1 %end, label %done, label %more
more:
  call void @jumps(i64 %less)
  br label %done
done:
  call void @free(ptr %p)
  ret void
}

; TEXT: kept: the function is recursive
; CHECK-LABEL: define void @many(
; CHECK: call ptr @malloc
define void @many(i64 %n, ...) {
  %p = call ptr @malloc(i64 8)
  %less = sub i64 %n, 1
  %end = icmp eq i64 %n, 0
  br i1 %end, label %done, label %more
more:
  call void (i64, ...) @many(i64 %less)
  br label %done
done:
  call void @free(ptr %p)
  ret void
}

; TEXT: kept: the function is recursive
; CHECK-LABEL: define void @throws(
; CHECK: call ptr @malloc
define void @throws(i64 %n) personality ptr @__gxx_personality_v0 {
  %p = call ptr @malloc(i64 8)
  %less = sub i64 %n, 1
  %end = icmp eq i64 %n, 0
  br i1 %end, label %done, label %more
more:
  invoke void @throws(i64 %less) to label %done unwind label %caught
caught:
  %pad = landingpad { ptr, i32 } cleanup
  call void @free(ptr %p)
  resume { ptr, i32 } %pad
done:
  call void @free(ptr %p)
  ret void
}

; An object that a deeper frame frees stays on the heap, and so does one that a deeper frame keeps.
; TEXT: kept: a called function frees or moves it (hand_down)
; CHECK-LABEL: define internal void @hand_down(
; CHECK: call ptr @malloc
define internal void @hand_down(ptr %given, i64 %n) {
  call void @free(ptr %given)
  %p = call ptr @malloc(i64 8)
  store i64 %n, ptr %p
  %end = icmp eq i64 %n, 0
  br i1 %end, label %done, label %more
more:
  %less = sub i64 %n, 1
  call void @hand_down(ptr %p, i64 %less)
  ret void
done:
  call void @free(ptr %p)
  ret void
}

; TEXT: kept: it is stored where everybody may read it
; CHECK-LABEL: define internal void @keep(
; CHECK: call ptr @malloc
define internal void @keep(ptr %given, i64 %n) {
  store ptr %given, ptr @place
  %p = call ptr @malloc(i64 8)
  store i64 %n, ptr %p
  %less = sub i64 %n, 1
  %end = icmp eq i64 %n, 0
  br i1 %end, label %done, label %more
more:
  call void @keep(ptr %p, i64 %less)
  br label %done
done:
  ret void
}

define i32 @main() {
  %out = alloca { i64, i64 }
  call fastcc void @fill(ptr sret({ i64, i64 }) %out, i64 signext 9)
  %a = call i64 @even(i64 3)
  call void @hand_down(ptr null, i64 3)
  call void @keep(ptr null, i64 3)
  ret i32 0
}

; What is left of the budget of 16 KiB, or of four times --max-frame, is compared first.
; CHECK: define internal i64 @walk.heap(i64 %0, i64 %1) #[[HEAP:[0-9]+]]
; CHECK: %[[P:.*]] = call ptr @malloc(i64 40)
; CHECK: call i64 @walk.heap(
; CHECK: call void @free(ptr %[[P]])
; CHECK: define internal fastcc void @fill.heap(ptr sret({ i64, i64 }) %0, i64 signext %1)
; CHECK: define i64 @walk(i64 %0, i64 %1)
; CHECK: %[[USED:.*]] = load volatile i64, ptr @vmemopt.recursion
; CHECK: %[[ROOM:.*]] = icmp ule i64 %[[USED]], 16336
; CHECK: br i1 %[[ROOM]], label %stack, label %heap
; CHECK: stack:
; CHECK: %[[MORE:.*]] = add i64 %[[USED]], 48
; CHECK: store volatile i64 %[[MORE]], ptr @vmemopt.recursion
; CHECK: %[[RESULT:.*]] = call i64 @walk.stack(i64 %0, i64 %1)
; CHECK: %[[NOW:.*]] = load volatile i64, ptr @vmemopt.recursion
; CHECK: %[[BEFORE:.*]] = sub i64 %[[NOW]], 48
; CHECK: store volatile i64 %[[BEFORE]], ptr @vmemopt.recursion
; CHECK: ret i64 %[[RESULT]]
; CHECK: heap:
; CHECK: %[[RESULT:.*]] = musttail call i64 @walk.heap(i64 %0, i64 %1)
; CHECK: ret i64 %[[RESULT]]
; CHECK: define internal fastcc void @fill(ptr sret({ i64, i64 }) %0, i64 signext %1)
; CHECK: call fastcc void @fill.stack(ptr sret({ i64, i64 }) %0, i64 signext %1)
; CHECK: musttail call fastcc void @fill.heap(ptr sret({ i64, i64 }) %0, i64 signext %1)
; CHECK: attributes #[[APART]] = { noinline
; CHECK: attributes #[[HEAP]] = { noinline {{.*}}"vmemopt-heap"
; SMALL: icmp ule i64 %{{.*}}, 208
; OPTIMISED: store volatile i64 %{{.*}}, ptr @vmemopt.recursion
; AGAIN-NOT: walk.heap.
