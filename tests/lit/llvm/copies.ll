; A copy that is only read while its source stays as it was is not made; where anything may tell the two apart, it is.
; RUN: %vmemopt opt %s -o %t.ll --whole-program --text --json=%t.json | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s < %t.ll
target triple = "x86_64-pc-linux-gnu"

@fixed = constant [4 x i8] c"abc\00"
@open = global [4 x i8] c"abc\00"
@kept = global ptr null
declare ptr @malloc(i64)
declare ptr @strdup(ptr)
declare void @free(ptr)
declare i64 @strlen(ptr)
declare ptr @strchr(ptr, i32)
declare i32 @puts(ptr)
declare ptr @strcpy(ptr, ptr)
declare i32 @printf(ptr, ...)
declare void @unknown()
declare i32 @raise(i32)
declare ptr @strsep(ptr, ptr)
declare void @qsort(ptr, i64, i64, ptr)
declare i32 @poll(ptr, i64, i32)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.lifetime.end.p0(i64, ptr)

; TEXT: 7 not made
; TEXT: text
; TEXT-NEXT: strdup, size not known: not made: what it is a copy of is read in its place
; JSON: "verdict":"source","refusal":null
; CHECK-LABEL: define i64 @text(
; CHECK-NOT: @strdup
; CHECK: %n = call i64 @strlen(ptr %s)
; CHECK: br i1 false
; CHECK-NOT: @free
; CHECK: ret i64
define i64 @text(ptr %s) {
  %p = call ptr @strdup(ptr %s)
  %n = call i64 @strlen(ptr align 16 %p)
  %none = icmp eq ptr %p, null
  br i1 %none, label %bad, label %good
bad:
  ret i64 0
good:
  call void @free(ptr %p)
  ret i64 %n
}

; The load forgets how the copy was aligned.
; CHECK-LABEL: define i64 @bytes(
; CHECK-NOT: malloc
; CHECK-NOT: memcpy
; CHECK: %g = getelementptr i8, ptr %s, i64 8
; CHECK-NEXT: %x = load i64, ptr %g, align 1
; CHECK-NOT: tbaa
; CHECK: ret i64 %x
define i64 @bytes(ptr %s) {
  %p = call ptr @malloc(i64 16)
  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %s, i64 16, i1 false)
  %g = getelementptr i8, ptr %p, i64 8
  %x = load i64, ptr %g, align 8, !tbaa !0
  call void @free(ptr %p)
  ret i64 %x
}

; In a loop over it, by a function that reads it, and after an unknown call when the source is a constant.
; CHECK-LABEL: define i32 @looped(
; CHECK-NOT: strdup
; CHECK: call i32 @count(ptr %s)
; CHECK: ret i32
define internal i32 @count(ptr %p) noinline {
  br label %loop
loop:
  %at = phi ptr [ %p, %0 ], [ %next, %loop ]
  %i = phi i32 [ 0, %0 ], [ %i1, %loop ]
  %c = load i8, ptr %at, align 1
  %next = getelementptr i8, ptr %at, i64 1
  %i1 = add i32 %i, 1
  %end = icmp eq i8 %c, 0
  br i1 %end, label %done, label %loop
done:
  ret i32 %i
}
define i32 @looped(ptr %s) {
  %p = call ptr @strdup(ptr %s)
  %a = call i32 @count(ptr %p)
  %at = call ptr @strchr(ptr %p, i32 58)
  %missing = icmp eq ptr %at, null
  %b = select i1 %missing, i32 0, i32 %a
  call void @free(ptr %p)
  ret i32 %b
}
; CHECK-LABEL: define i64 @of_constant(
; CHECK-NOT: strdup
; CHECK: %n = call i64 @strlen(ptr @fixed)
define i64 @of_constant() {
  %p = call ptr @strdup(ptr @fixed)
  call void @unknown()
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}

; Written before it is copied, and after its last use.
; CHECK-LABEL: define i64 @before_and_after(
; CHECK-NOT: strdup
; CHECK: ret i64
define i64 @before_and_after() {
  %s = alloca [4 x i8]
  call ptr @strcpy(ptr %s, ptr @fixed)
  %p = call ptr @strdup(ptr %s)
  %n = call i64 @strlen(ptr %p)
  store i8 0, ptr %s
  call void @free(ptr %p)
  ret i64 %n
}

; Two places of the frame are two.
; CHECK-LABEL: define i64 @other_place(
; CHECK-NOT: strdup
; CHECK: ret i64
define i64 @other_place() {
  %s = alloca [4 x i8]
  %t = alloca [4 x i8]
  call ptr @strcpy(ptr %s, ptr @fixed)
  %p = call ptr @strdup(ptr %s)
  store i8 0, ptr %t
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}
; CHECK-LABEL: define i64 @of_a_copy(
; CHECK: call i64 @strlen(ptr
define i64 @of_a_copy(ptr %s) {
  %p = call ptr @strdup(ptr %s)
  %q = call ptr @strdup(ptr %p)
  %n = call i64 @strlen(ptr %q)
  call void @free(ptr %q)
  call void @free(ptr %p)
  ret i64 %n
}

; The source is written, or may be: by a store, by a callee, by code that is not seen; or ends.
; CHECK-LABEL: define i64 @written(
; CHECK: call ptr @strdup
define i64 @written(ptr %s, ptr %t) {
  %p = call ptr @strdup(ptr %s)
  store i8 65, ptr %t
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}
define internal void @clear(ptr %s) noinline {
  store i8 0, ptr %s
  ret void
}
; CHECK-LABEL: define i64 @written_there(
; CHECK: call ptr @strdup
define i64 @written_there(ptr %s) {
  %p = call ptr @strdup(ptr %s)
  call void @clear(ptr %s)
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}
; CHECK-LABEL: define i64 @written_anywhere(
; CHECK: call ptr @strdup
define i64 @written_anywhere() {
  %p = call ptr @strdup(ptr @open)
  call void @unknown()
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}
; CHECK-LABEL: define i64 @freed(
; CHECK: call ptr @strdup
define i64 @freed(ptr %s) {
  %p = call ptr @strdup(ptr %s)
  call void @free(ptr %s)
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}
; CHECK-LABEL: define i64 @ended(
; CHECK: call ptr @strdup
define i64 @ended() {
  %s = alloca [4 x i8]
  call ptr @strcpy(ptr %s, ptr @fixed)
  %p = call ptr @strdup(ptr %s)
  call void @llvm.lifetime.end.p0(i64 4, ptr %s)
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}

; The library ends a word in it, or calls what writes to it.
; CHECK-LABEL: define i64 @parted(
; CHECK: call ptr @strdup
define i64 @parted(ptr %s) {
  %place = alloca ptr
  store ptr %s, ptr %place
  %p = call ptr @strdup(ptr %s)
  call ptr @strsep(ptr %place, ptr @fixed)
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}
define internal i32 @mark(ptr %a, ptr %b) {
  %x = load ptr, ptr %a
  store i8 0, ptr %x
  ret i32 0
}
; CHECK-LABEL: define i64 @sorted(
; CHECK: call ptr @strdup
define i64 @sorted() {
  %text = alloca [8 x i8]
  %array = alloca [2 x ptr]
  call ptr @strcpy(ptr %text, ptr @fixed)
  store ptr %text, ptr %array
  %second = getelementptr i8, ptr %array, i64 8
  store ptr %text, ptr %second
  %p = call ptr @strdup(ptr %text)
  call void @qsort(ptr %array, i64 2, i64 8, ptr @mark)
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}

; A handler of the program's may write it, or another thread, meanwhile.
; CHECK-LABEL: define i64 @signalled(
; CHECK: call ptr @strdup
define i64 @signalled() {
  %p = call ptr @strdup(ptr @open)
  call i32 @raise(i32 10)
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}
; CHECK-LABEL: define i64 @waited_for(
; CHECK: call ptr @strdup
define i64 @waited_for(ptr %descriptors) {
  %p = call ptr @strdup(ptr @open)
  call i32 @poll(ptr %descriptors, i64 1, i32 -1)
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}

; The copy is written, kept, compared with something else, or not whole.
; CHECK-LABEL: define i64 @changed(
; CHECK: call ptr @strdup
define i64 @changed(ptr %s) {
  %p = call ptr @strdup(ptr %s)
  store i8 65, ptr %p
  %n = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %n
}
; CHECK-LABEL: define void @handed_out(
; CHECK: call ptr @strdup
define void @handed_out(ptr %s) {
  %p = call ptr @strdup(ptr %s)
  store ptr %p, ptr @kept
  ret void
}
; CHECK-LABEL: define i1 @compared(
; CHECK: call ptr @strdup
define i1 @compared(ptr %s) {
  %p = call ptr @strdup(ptr %s)
  %same = icmp eq ptr %p, %s
  call void @free(ptr %p)
  ret i1 %same
}
; CHECK-LABEL: define i8 @in_part(
; CHECK: call void @llvm.memcpy
define i8 @in_part(ptr %s) {
  %p = call ptr @malloc(i64 16)
  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %s, i64 8, i1 false)
  %g = getelementptr i8, ptr %p, i64 8
  %x = load i8, ptr %g
  call void @free(ptr %p)
  ret i8 %x
}
!0 = !{!1, !1, i64 0}
!1 = !{!"long", !2, i64 0}
!2 = !{!"omnipotent char", !3, i64 0}
!3 = !{!"Simple C/C++ TBAA"}
