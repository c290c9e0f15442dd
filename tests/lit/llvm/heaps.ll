; Sites of a whole program have heaps: what is never freed bumps, what is freed has lists, and calls of free and realloc that
; may get an object of a heap tell it from malloc's.
; RUN: %vmemopt opt --heaps --whole-program %s -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s < %t.ll
; RUN: opt -passes=verify -disable-output %t.ll
; RUN: %vmemopt analyze --heaps --whole-program %s | FileCheck %s --check-prefix=COUNTED
target triple = "x86_64-pc-linux-gnu"

; COUNTED: sites that opt moves to the stack first are counted, too

; TEXT: 5 heaps for 7 of 7 sites; 2 calls may free or move what is in them
; TEXT: the program is to be linked with libvmemrt
; TEXT-NOT: that opt moves to the stack
; TEXT: heap 0, bump: objects of 24 bytes, aligned to 8; never freed
; TEXT: why: their objects point to each other
; TEXT: build, (no line)  malloc, 24 bytes
; TEXT: heap {{[0-9]}}, lists: objects of several sizes, aligned to 16; a freed one's place is given out again
; TEXT: fill, (no line)  realloc
; JSON: "heap":0,"kind":"bump","bond":"connected","alignment":8,"threads":"one","shared":false

; CHECK-DAG: @llvm.global_ctors = appending global {{.*}} { i32 0, ptr @vmemopt.heaps, ptr null }, { i32, ptr, ptr } { i32 65535, ptr @first, ptr null }
; CHECK-DAG: @vmemopt.heap.0 = internal global { ptr, ptr, i64, ptr, i32, i32 } { ptr null, ptr null, i64 0, ptr null, i32 4, i32 0 }, align 16
; CHECK-DAG: @vmemopt.heap.1 = internal global ptr null

@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @first, ptr null }]
@tree = global ptr null
@list = global ptr null
@wide = global ptr null
@loose = global ptr null

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare ptr @realloc(ptr, i64)
declare ptr @strdup(ptr)
declare void @free(ptr)

define internal void @first() {
  ret void
}

; CHECK-LABEL: define {{.*}}ptr @build(
; CHECK: %[[CURSOR:.*]] = load ptr, ptr @vmemopt.heap.0
; CHECK: %[[ROOM:.*]] = sub i64
; CHECK: %[[FITS:.*]] = icmp ult i64 23, %[[ROOM]]
; CHECK: br i1 %[[FITS]], label %{{.*}}, label %{{.*}}, !prof
; CHECK: getelementptr inbounds i8, ptr %[[CURSOR]], i64 24
; CHECK: call {{.*}}ptr @vmr_bump_refill(ptr @vmemopt.heap.0, i64 24, i1 false)
define ptr @build(i64 %depth) {
  %stop = icmp eq i64 %depth, 0
  br i1 %stop, label %none, label %some
none:
  ret ptr null
some:
  %t = call ptr @malloc(i64 24)
  %less = sub i64 %depth, 1
  %left = call ptr @build(i64 %less)
  %right = call ptr @build(i64 %less)
  store ptr %left, ptr %t
  %second = getelementptr i8, ptr %t, i64 8
  store ptr %right, ptr %second
  ret ptr %t
}

; A list whose elements are freed; the text in each is not.
; CHECK-LABEL: define void @push(
; CHECK: %[[HEAP:.*]] = load ptr, ptr @vmemopt.heap.1
; CHECK: call {{.*}}ptr @vmr_heap_refill(ptr %[[HEAP]], i64 16)
; CHECK: call {{.*}}ptr @vmemopt.bump.copy(ptr @vmemopt.heap.2, ptr %text)
define void @push(ptr %text) {
  %e = call ptr @malloc(i64 16)
  %copy = call ptr @strdup(ptr %text)
  %place = getelementptr i8, ptr %e, i64 8
  store ptr %copy, ptr %place
  %head = load ptr, ptr @list
  store ptr %head, ptr %e
  store ptr %e, ptr @list
  ret void
}

; CHECK-LABEL: define void @pop(
; CHECK: call void @vmr_heap_free(ptr %e)
define void @pop() {
  %e = load ptr, ptr @list
  %next = load ptr, ptr %e
  store ptr %next, ptr @list
  call void @free(ptr %e)
  ret void
}

; Vectors need 16 bytes. What grows has lists.
; CHECK-LABEL: define void @fill(
; CHECK: call ptr @vmr_heap_realloc(ptr %{{.*}}, ptr %old, i64 %n)
; CHECK: call {{.*}}ptr @vmr_heap_calloc(ptr %{{.*}}, i64 4, i64 %n)
define void @fill(i64 %n) {
  %old = load ptr, ptr @wide
  %new = call ptr @realloc(ptr %old, i64 %n)
  store <4 x i32> zeroinitializer, ptr %new, align 16
  store ptr %new, ptr @wide
  %c = call ptr @calloc(i64 4, i64 %n)
  store ptr %c, ptr @wide
  ret void
}

; What is promised of memory was true of malloc, and is not of a cursor.
; CHECK: define {{.*}}ptr @wrapper(i64 %n) #[[ANY:[0-9]+]]
; CHECK: call ptr @wrapper(i64 10){{$}}
define ptr @wrapper(i64 %n) noinline memory(inaccessiblemem: readwrite) {
  %p = call ptr @malloc(i64 %n)
  ret ptr %p
}

define void @use() {
  %p = call ptr @wrapper(i64 10) memory(inaccessiblemem: readwrite)
  store ptr %p, ptr @loose
  ret void
}

define i32 @main(i32 %n, ptr %v) {
  call void @use()
  %t = call ptr @build(i64 8)
  store ptr %t, ptr @tree
  %text = load ptr, ptr %v
  call void @push(ptr %text)
  call void @pop()
  call void @fill(i64 100)
  %last = call ptr @malloc(i64 24)
  store ptr %last, ptr %t
  ret i32 0
}

; CHECK-LABEL: define internal void @vmemopt.heaps()
; CHECK: call i32 @vmr_heap_create(ptr @vmemopt.heap.1, ptr null, i32 12)
; CHECK: attributes #[[ANY]] = { noinline }
