; Objects of known size that nobody knows once the function returns move into its frame.
; RUN: %vmemopt opt %s -o %t.ll && FileCheck %s < %t.ll
; RUN: %vmemopt analyze %s --json | %validate | FileCheck %s --check-prefix=JSON
; RUN: %vmemopt analyze %s | FileCheck %s --check-prefix=TEXT
; RUN: %vmemopt opt %s -o %t.bc && %vmemopt opt %t.bc -o - | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare void @free(ptr)
declare i64 @strlen(ptr)
declare ptr @strcpy(ptr, ptr)

; The slot is a multiple of 16; the free is gone; a comparison with null stays for others to decide.
; TEXT: (no line)  malloc, 20 bytes: to the stack; 1 comparison with NULL decided: it cannot fail
; JSON: "allocator":"malloc","bytes":20,"loop_depth":0,"escape":{"class":"local"
; JSON-SAME: "null_checks":1,"verdict":"stack","refusal":null,"refused_by":null,"slot_bytes":32
; CHECK-LABEL: define i64 @constant(
; CHECK: %[[SLOT:.*]] = alloca [32 x i8], align 16
; CHECK-NOT: malloc
; CHECK: icmp eq ptr %[[SLOT]], null
; CHECK: call i64 @strlen(ptr %[[SLOT]])
; CHECK-NOT: free
; CHECK: ret i64 %length
define i64 @constant(ptr %text) {
  %p = call ptr @malloc(i64 20)
  %none = icmp eq ptr %p, null
  br i1 %none, label %fail, label %good
good:
  %q = call ptr @strcpy(ptr %p, ptr %text)
  %length = tail call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  ret i64 %length
fail:
  ret i64 -1
}

; What callees get of the frame is no longer promised to be none of it.
; CHECK-LABEL: define i64 @tail_marks(
; CHECK: = call i64 @strlen
define i64 @tail_marks() {
  %p = call ptr @calloc(i64 2, i64 8)
  %length = tail call i64 @strlen(ptr %p)
  ret i64 %length
}

; calloc's zeroes stay.
; CHECK-LABEL: define i32 @zeroed(
; CHECK: call void @llvm.memset.p0.i64(ptr align 16 %{{.*}}, i8 0, i64 48, i1 false)
; CHECK-NOT: calloc
; CHECK: ret i32
define i32 @zeroed() {
  %p = call ptr @calloc(i64 5, i64 8)
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; Any number of frees. One that may mean another object asks which it is.
; CHECK-LABEL: define void @which(
; CHECK: %[[SLOT:.*]] = alloca [16 x i8], align 16
; CHECK: %[[P:.*]] = phi ptr [ %other, %entry ], [ %[[SLOT]], %own ]
; CHECK: %[[OURS:.*]] = icmp eq ptr %[[P]], %[[SLOT]]
; CHECK: %[[REST:.*]] = select i1 %[[OURS]], ptr null, ptr %[[P]]
; CHECK: icmp eq ptr %[[REST]], null
; CHECK: call void @free(ptr %[[REST]])
define void @which(ptr %other, i1 %c) {
entry:
  br i1 %c, label %own, label %join
own:
  %mine = call ptr @malloc(i64 16)
  br label %join
join:
  %p = phi ptr [ %other, %entry ], [ %mine, %own ]
  store i32 1, ptr %p
  br i1 %c, label %a, label %b
a:
  call void @free(ptr %p)
  ret void
b:
  ret void
}

; The pointer goes through memory of the frame, and of another object of the frame.
; CHECK-LABEL: define i32 @through_memory(
; CHECK-NOT: malloc
; CHECK-NOT: free
; CHECK: ret i32
define i32 @through_memory() {
  %cell = alloca ptr
  %box = call ptr @malloc(i64 16)
  %thing = call ptr @malloc(i64 4)
  store ptr %box, ptr %cell
  %field = getelementptr i8, ptr %box, i64 8
  store ptr %thing, ptr %field
  %b = load ptr, ptr %cell
  %f = getelementptr i8, ptr %b, i64 8
  %t = load ptr, ptr %f
  store i32 7, ptr %t
  %x = load i32, ptr %thing
  call void @free(ptr %t)
  call void @free(ptr %b)
  ret i32 %x
}

; Zero bytes are an object with an address of its own.
; CHECK-LABEL: define i1 @nothing(
; CHECK: alloca [16 x i8]
; CHECK-NOT: malloc
define i1 @nothing() {
  %p = call ptr @malloc(i64 0)
  %none = icmp eq ptr %p, null
  call void @free(ptr %p)
  ret i1 %none
}

; A slot of its own lives from its allocation to the free of its own pointer; where what is freed may be null, it stays.
; CHECK-LABEL: define i64 @marked(
; CHECK: %[[P:.*]] = alloca [48 x i8], align 16
; CHECK: call i64 @strlen
; CHECK: call void @llvm.lifetime.start.p0({{(i64 48, )?}}ptr %[[P]])
; CHECK-NEXT: call void @llvm.memset
; CHECK: call i64 @strlen(ptr %[[P]])
; CHECK: call void @llvm.lifetime.end.p0({{(i64 48, )?}}ptr %[[P]])
; CHECK: call i64 @strlen
; CHECK: ret i64
define i64 @marked(ptr %s) {
  %a = call i64 @strlen(ptr %s)
  %p = call ptr @calloc(i64 6, i64 8)
  %b = call i64 @strlen(ptr %p)
  call void @free(ptr %p)
  %c = call i64 @strlen(ptr %s)
  %d = add i64 %a, %b
  %e = add i64 %c, %d
  ret i64 %e
}
; CHECK-LABEL: define i64 @maybe_null(
; CHECK-NOT: lifetime
; CHECK: ret i64
define i64 @maybe_null(i1 %c) {
  %p = call ptr @malloc(i64 40)
  %q = select i1 %c, ptr %p, ptr null
  store i64 3, ptr %p
  call void @free(ptr %q)
  %x = load i64, ptr %p
  ret i64 %x
}
