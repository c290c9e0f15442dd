; Objects are aligned to 8 unless a type, or a promise of the program, asks for more; what LLVM knew of malloc beyond that is taken back.
; RUN: %vmemopt opt --heaps --whole-program --max-stack=8 %s -o - | FileCheck %s
target triple = "x86_64-pc-linux-gnu"
; CHECK: @vmemopt.heap.0 = internal global { ptr, ptr, i64, ptr, i32, i32 } { ptr null, ptr null, i64 0, ptr null, i32 4, i32 0 }
; CHECK: @vmemopt.heap.1 = internal global { ptr, ptr, i64, ptr, i32, i32 } zeroinitializer
; CHECK: @vmemopt.heap.2 = internal global { ptr, ptr, i64, ptr, i32, i32 } zeroinitializer
; CHECK: @vmemopt.heap.3 = internal global { ptr, ptr, i64, ptr, i32, i32 } zeroinitializer
@a = internal global ptr null
@b = internal global ptr null
@c = internal global ptr null
@d = internal global ptr null

declare ptr @malloc(i64)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.assume(i1)

; CHECK-LABEL: define internal void @numbers(
; CHECK: store i64 7, ptr %{{.*}}, align 8
; CHECK: load i64, ptr %{{.*}}, align 8
; CHECK: call void @llvm.memcpy.p0.p0.i64(ptr align 8 %{{.*}}, ptr align 16 %from,
; CHECK: call void @llvm.memset.p0.i64(ptr align 16 %from,
define internal void @numbers() noinline {
  %from = alloca [32 x i8], align 16
  %p = call ptr @malloc(i64 32)
  store i64 7, ptr %p, align 16
  %old = load ptr, ptr @a
  store ptr %p, ptr @a
  %x = load i64, ptr %old, align 16
  store i64 %x, ptr %from, align 16
  call void @llvm.memcpy.p0.p0.i64(ptr align 16 %p, ptr align 16 %from, i64 32, i1 false)
  call void @llvm.memset.p0.i64(ptr align 16 %from, i8 0, i64 32, i1 false)
  ret void
}

; CHECK-LABEL: define internal void @vectors(
; CHECK: store <2 x i64> zeroinitializer, ptr %{{.*}}, align 16
define internal void @vectors() noinline {
  %p = call ptr @malloc(i64 40)
  store <2 x i64> zeroinitializer, ptr %p, align 16
  store ptr %p, ptr @b
  ret void
}

define internal void @promised() noinline {
  %p = call ptr @malloc(i64 48)
  call void @llvm.assume(i1 true) ["align"(ptr %p, i64 16)]
  store i64 1, ptr %p, align 16
  store ptr %p, ptr @c
  ret void
}

define internal align 16 ptr @wrapper() noinline {
  %p = call ptr @malloc(i64 56)
  store i64 0, ptr %p
  ret ptr %p
}
define internal void @returned() noinline {
  %p = call ptr @wrapper()
  store ptr %p, ptr @d
  ret void
}

define i32 @main() {
  call void @numbers()
  call void @vectors()
  call void @promised()
  call void @returned()
  ret i32 0
}
